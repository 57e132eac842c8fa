"""The life of a runbook in a browser, and text that wants to run: it stays text."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from incidents import lifecycle
from portal import clock
from portal.accounts.roles import Role
from portal.markdown.render import clean
from portal.search import vocabulary
from portal.search.find import find
from postmortems.models import ActionItem
from runbooks import editing, exporting
from runbooks.importing import files, importer, sources
from runbooks.models import Runbook
from tests.browser.pages import by_second_factor
from tests.browser.pages_runbooks import written
from tests.conftest import person

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
SETS = ("xss_alert.txt", "RSNAKE_XSS.txt", "JHADDIX_XSS.txt", "xss_payloads_quick.txt")
AT_ONCE = 40  # payloads in one runbook
COUNTING = """window.ran = 0; for (const name of ['alert', 'confirm', 'prompt', 'print']) window[name] = () => { window.ran += 1 }"""


def test_found_by_a_typo_followed_on_a_phone_misled_repaired_and_fresh(open_page):
    reader = person("Mara", Role.ADMIN)
    runbook = written(reader)
    vocabulary.recount()
    incident = lifecycle.declare(title="Nothing leaves the queue", severity=3, service=runbook.services.get(), summary="", by=reader, at=clock.now())
    phone = open_page(reader, phone=True, session=by_second_factor(reader))

    phone.goto(f"{reverse('search')}?q=quueue+stnads")
    phone.get_by_role("link", name="Queue stands still").first.click()
    phone.goto(f"{runbook.get_absolute_url()}?incident={incident.pk}")
    phone.get_by_role("button", name="Follow").click()
    phone.get_by_label("NAMESPACE").fill("agents")
    phone.get_by_role("button", name="Fill in").click()
    phone.locator(".actionbar").get_by_role("button", name="Step 1 done").tap()
    phone.locator(".actionbar").get_by_role("button", name="Step 2 done").wait_for()
    assert "-n agents" in phone.locator("article").inner_text()

    phone.locator("summary", has_text="Misled").click()
    phone.get_by_label("What was wrong?").fill("Step 2 names a pod that is gone.")
    phone.get_by_role("button", name="Mark it broken").click()
    phone.get_by_text("This page misled somebody").wait_for()
    item = ActionItem.objects.get()
    assert (item.type, item.owner) == (ActionItem.Type.REPAIR_RUNBOOK, reader)
    assert f"INC-{incident.pk}" in item.why

    desk = open_page(reader, session=by_second_factor(reader))
    desk.goto(reverse("runbook-edit", args=[runbook.slug]))
    desk.locator(".EasyMDEContainer").wait_for()
    desk.evaluate("document.querySelector('.CodeMirror').CodeMirror.replaceRange('\\nLook twice.\\n', {line: 999, ch: 0})")
    desk.locator("form").get_by_role("button", name="Save", exact=True).click()
    desk.wait_for_url(f"**{runbook.get_absolute_url()}")
    assert Runbook.objects.get().state == "broken"
    desk.get_by_role("button", name="All hold").click()
    desk.get_by_text("fresh: proven 0 days ago").wait_for()

    assert "Look twice." in Runbook.objects.get().body and Runbook.objects.get().state == "fresh"
    assert [line for line in phone.complaints + desk.complaints if "ERR_ABORTED" not in line] == []  # a page that is left stops loading


@pytest.fixture
def payloads(shared_data):
    folder = shared_data / "hostile/payloads-all-the-things/xss"
    found = [line for name in SETS for line in (folder / name).read_text(encoding="utf-8", errors="replace").split("\n") if line.strip()]
    return list(dict.fromkeys(found))


@pytest.mark.shared_data
def test_hostile_text_runs_nowhere_and_runs_in_the_control(open_page, payloads, tmp_path, capsys):
    """Imported, edited, searched, shown and exported; the control puts the same lines into a page without sanitiser and policy."""
    reader = person("Mara", Role.ADMIN)
    written(reader)
    (tmp_path / "in").mkdir()
    for start in range(0, len(payloads), AT_ONCE):
        (tmp_path / f"in/{start}.md").write_text(f"# {payloads[start]}\n\n" + "\n\n".join(payloads[start : start + AT_ONCE]), encoding="utf-8")
    report = importer.run(sources.named("hostile", str(tmp_path / "in")), files.tree_of(tmp_path / "in"), by=reader, at=clock.now())
    assert {outcome for outcome, _ in report.files.values()} == {"imported"}

    page = open_page(reader, session=by_second_factor(reader))
    page.context.add_init_script(COUNTING)
    ran, errors, looked = 0, [], 0
    imported = list(Runbook.objects.filter(source="file"))
    addresses = [runbook.get_absolute_url() for runbook in imported] + [reverse("runbook-edit", args=[imported[0].slug]), reverse("runbook-list")]
    addresses += [f"{reverse('search')}?q={one}" for one in ("script", "javascript", "onerror", "alert")]
    for address in addresses:
        answer = page.goto(address, wait_until="load")
        looked += 1
        ran += page.evaluate("window.ran")
        errors += [address] if answer.status >= 500 else []
        unsafe = page.evaluate(
            """[...document.querySelectorAll('main *')].filter(e => [...e.attributes].some(a => /^on/i.test(a.name)
               || (/^(href|src|action|formaction)$/i.test(a.name) && /^\\s*(javascript|vbscript|data:text)/i.test(a.value)))).length"""
        )
        assert unsafe == 0, address
    exporting.site(tmp_path / "site", clock.now())
    for file in sorted((tmp_path / "site").rglob("*.html"))[:60]:
        page.goto(file.as_uri())
        looked += 1
        ran += page.evaluate("window.ran")

    control = open_page(None)
    control.context.add_init_script(COUNTING)
    control.goto("about:blank")
    in_control = 0
    for payload in payloads[:80]:
        control.set_content(f"<!doctype html><body>{payload}</body>", wait_until="domcontentloaded")
        in_control += bool(control.evaluate("window.ran"))
        control.evaluate("window.ran = 0")

    with capsys.disabled():
        print(f"\n{len(payloads)} payloads, {looked} pages: {len(errors)} server errors, {ran} scripts ran; {in_control} of 80 ran in the control")
    assert (ran, errors) == (0, []) and in_control > 0


@pytest.mark.shared_data
def test_naughty_strings_come_back_as_they_went_in(shared_data, client, capsys):
    reader = person("Mara")
    client.force_login(reader)
    team = written(reader).team
    strings = [one for one in json.loads((shared_data / "hostile/blns/blns.json").read_text(encoding="utf-8")) if one]
    changed = []
    for start in range(0, len(strings), AT_ONCE):
        body = "\n\n".join(strings[start : start + AT_ONCE])
        saved = editing.save(Runbook(title=f"Naughty {start}", body=body, team=team), by=reader, at=clock.now())
        if Runbook.objects.get(pk=saved.pk).body != clean(body):
            changed.append(start)
        assert client.get(saved.get_absolute_url()).status_code == 200
    for one in strings:
        find(one, user=reader, limit=5)
    with capsys.disabled():
        print(f"\n{len(strings)} naughty strings saved, shown and searched: {len(changed)} texts changed")
    assert changed == []
