"""The writing desk in a real browser: drafts outlive a killed browser, two people write one section, nothing comes from outside."""

from __future__ import annotations

import os
import random
import re
import signal
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from incidents.models import Incident
from oncall.models import Membership, Service, Team
from postmortems import writing
from tests.browser.looks import accessibility
from tests.conftest import CHROMIUM_FLAGS, person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NOON = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


@pytest.fixture
def desk(db):
    """A draft postmortem of a team that Mara and Tomas edit for: (postmortem, root cause, mara, tomas)."""
    mara, tomas = person("Mara"), person("Tomas")
    team = Team.objects.create(name="Platform crew", slug="platform-crew")
    for someone in (mara, tomas):
        Membership.objects.create(team=team, user=someone, role="editor")
    service = Service.objects.create(name="runner", slug="runner", team=team)
    incident = Incident.objects.create(
        title="Redis failover lost 214 sessions",
        severity=2,
        service=service,
        opened_at=NOON - timedelta(hours=1),
        status="resolved",
        resolved_at=NOON,
    )
    postmortem = writing.start(incident.pk, by=mara, at=NOON)
    return postmortem, postmortem.sections.get(kind="root_cause"), mara, tomas


class Desk:
    """The root cause on one person's open desk."""

    def __init__(self, page, postmortem, section) -> None:
        self.page = page
        self.url = reverse("admin:postmortems_postmortem_change", args=[postmortem.pk])
        self.field = page.locator(f'[data-desk-field][data-draft$="postmortem-section:{section.pk}:body"]')

    def open(self):
        self.page.goto(self.url)
        self.field.locator("xpath=self::*[@data-ready]").wait_for()
        return self

    def text(self) -> str:
        return self.field.locator("textarea.desk-text").input_value()

    def write(self, text: str) -> None:
        """Through the editor, as typing does."""
        self.field.locator(".CodeMirror").evaluate("(box, text) => { box.CodeMirror.setValue(text) }", text)

    def append(self, line: str) -> None:
        self.write(f"{self.text()}\n{line}".strip("\n"))

    def save(self) -> str:
        """What the desk says afterwards."""
        return self.settled(lambda: self.field.locator(".desk-save").click())

    def settled(self, act) -> str:
        """What the desk says once the save that `act` begins has come back."""
        self.field.evaluate("field => { window.settled = new Promise(done => field.addEventListener('desk:settled', done, { once: true })) }")
        act()
        self.page.evaluate("async () => { await window.settled }")
        return self.field.locator(".desk-state").inner_text()

    def kept(self) -> None:
        """Wait until the browser has taken the draft."""
        self.field.locator(".desk-state", has_text="Draft kept").wait_for()

    def choose(self, way: str) -> None:
        self.field.get_by_role("button", name=way).click()


def test_a_section_is_saved_alone_with_one_history_row(open_page, desk):
    postmortem, section, mara, _ = desk
    mine = Desk(open_page(mara), postmortem, section).open()

    mine.write("The sentinel promoted a replica that was **40 s behind**.")
    said = mine.save()

    section.refresh_from_db()
    assert re.fullmatch(r"Saved \d\d:\d\d", said)
    assert section.body == "The sentinel promoted a replica that was **40 s behind**."
    assert "<strong>40 s behind</strong>" in section.body_html
    assert section.history.count() == 2  # it was laid out empty, then saved
    assert section.history.first().history_user == mara
    assert mine.page.complaints == []


def test_a_killed_browsers_draft_is_offered_again(browser, live_server, desk, tmp_path):
    postmortem, section, mara, _ = desk
    client = Client()
    client.force_login(mara)
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}

    def opened():
        kind = browser.browser_type
        context = kind.launch_persistent_context(
            str(tmp_path), executable_path=os.environ.get("PORTAL_CHROMIUM") or "/usr/bin/chromium", args=CHROMIUM_FLAGS, base_url=live_server.url
        )
        context.add_cookies([cookie])
        return context, Desk(context.pages[0], postmortem, section).open()

    _, mine = opened()
    mine.write("Half a sentence that nobody saved, because the lap")
    mine.kept()
    for process in _processes_with(str(tmp_path)):
        os.kill(process, signal.SIGKILL)

    context, mine = opened()
    mine.field.get_by_role("group", name="Unsaved draft").wait_for()
    assert mine.text() == ""
    mine.choose("Take it up")
    taken_up = mine.text()
    mine.save()
    context.close()

    section.refresh_from_db()
    assert taken_up == section.body == "Half a sentence that nobody saved, because the lap"


def _processes_with(profile: str) -> list[int]:
    """The browser that this test started, by the folder that only it was given."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as line:
                words = line.read().split(b"\0")
        except OSError:
            continue
        if f"--user-data-dir={profile}".encode() in words:
            found.append(int(pid))
    return found


def test_a_draft_written_on_an_older_text_clashes_instead_of_winning(open_page, desk):
    postmortem, section, mara, tomas = desk
    mine = Desk(open_page(mara), postmortem, section).open()
    mine.write("Mine, never saved.")
    mine.kept()
    writing.save_section(section.pk, "Saved by Tomas meanwhile.", seen=1, at=NOON)

    mine.open()
    mine.choose("Take it up")
    mine.save()

    assert mine.field.get_by_role("group", name="Two texts").is_visible()
    mine.choose("Edit both into one")
    assert mine.text() == "Saved by Tomas meanwhile.\nMine, never saved."


def test_two_people_write_one_section_in_fifty_random_orders_and_no_word_is_lost(open_page, desk):
    postmortem, section, mara, tomas = desk
    desks = {name: Desk(open_page(who), postmortem, section).open() for name, who in (("m", mara), ("t", tomas))}
    seed = int(os.environ.get("PORTAL_SEED", "20261124"))
    chance, said, saves, clashes = random.Random(seed), [], 0, 0

    for turn in range(50):
        name = chance.choice("mt")
        mine = desks[name]
        word = f"{name}{turn}w{chance.randrange(10**6)}"
        said.append(word)
        place = chance.choice(["end", "start", "same line"])
        text = mine.text()
        mine.write({"end": f"{text}\n- {word}", "start": f"- {word}\n{text}", "same line": f"{text} {word}"}[place].strip())
        if chance.random() < 0.8:
            before = section.history.count()
            said_by_desk = mine.save()
            if said_by_desk.startswith("Two texts"):
                clashes += 1
                assert section.history.count() == before  # nothing was written
                if chance.random() < 0.5:
                    mine.choose("Edit both into one")
                    said_by_desk = mine.save()
                else:
                    said_by_desk = mine.settled(lambda mine=mine: mine.choose("Keep mine on top"))
            assert said_by_desk.startswith("Saved")
            assert section.history.count() == before + 1
            saves += 1

    for mine in desks.values():  # what stands on a desk unsaved is brought home
        for _ in range(3):
            if mine.save().startswith("Saved"):
                break
            mine.choose("Edit both into one")
    print(f"seed {seed}: {saves} saves, {clashes} clashes, {section.history.count()} history rows")
    ever = " ".join(section.history.values_list("body", flat=True))
    assert [word for word in said if word not in ever] == []
    assert saves >= 30 and clashes >= 5


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_the_desk_asks_nothing_of_other_hosts_and_can_be_used_by_everybody(open_page, desk, live_server, phone):
    postmortem, section, mara, _ = desk
    page = open_page(mara, phone=phone)
    outside = []
    page.on("request", lambda asked: None if asked.url.startswith((live_server.url, "data:", "blob:")) else outside.append(asked.url))
    mine = Desk(page, postmortem, section).open()
    mine.write("The **replica** was behind.")
    writing.save_section(section.pk, "Saved by somebody else.", seen=1, at=NOON)

    mine.save()
    mine.field.locator("button.look").click()
    mine.field.locator(".desk-preview strong").wait_for()

    assert outside == []
    assert [line for line in accessibility(page) if "desk" in line or "CodeMirror" in line] == []
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert [line for line in page.complaints if "409" not in line] == []


def test_keyboard_leaves_the_editor_and_saves(open_page, desk):
    postmortem, section, mara, _ = desk
    mine = Desk(open_page(mara), postmortem, section).open()

    mine.field.get_by_role("textbox", name="Root cause, Markdown").focus()
    mine.page.keyboard.type("Typed by hand.")
    mine.settled(lambda: mine.page.keyboard.press("Control+Enter"))
    mine.page.keyboard.press("Tab")

    section.refresh_from_db()
    assert section.body == "Typed by hand."
    assert mine.page.evaluate("document.activeElement.closest('.CodeMirror') === null")
