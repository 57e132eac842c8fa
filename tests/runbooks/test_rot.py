"""The nightly check finds what rotted before anybody opens the page."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from portal.accounts.models import User
from portal.markdown import render
from runbooks import editing, rot
from runbooks.models import RotFinding, Runbook, RunbookSource, SourceFile, Target
from tests.conftest import person

GOOD = "## Diagnosis\n\n[other](/runbooks/good-0/) and [here](#mitigation)\n\n```diagnostic\nstale-jobs\nage: 300\n```\n\n## Mitigation\n\n1. Wait."


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(render, "to_html", lambda source, **more: render.Html("<p></p>", render.key_of(source), plain=False))


def test_of_forty_runbooks_the_twelve_rotten_ones_are_found(write, team, noon, quick, monkeypatch):
    owner, left = person("Olga"), person("Lena")
    known = {f"Alert{number}" for number in range(40)}
    monkeypatch.setattr(rot.known_alerts, "_things", {"test": lambda now: known - {"Alert6", "Alert7", "Alert8"}})
    good = [write(f"Good {number}", GOOD, slug=f"good-{number}", alerts=[f"Alert{number}"], owner=owner) for number in range(40)]
    rotten = set()

    def change(number, body):
        runbook = Runbook.objects.get(pk=good[number].pk)
        runbook.body = body
        editing.save(runbook, seen=runbook.version, by=None, at=noon)
        rotten.add(runbook.pk)

    change(0 + 1, GOOD.replace("/runbooks/good-0/", "/runbooks/gone/"))
    change(2, GOOD.replace("#mitigation", "#nowhere"))
    change(3, GOOD.replace("(/runbooks/good-0/)", "(../elsewhere.md)"))
    change(4, GOOD.replace("stale-jobs", "stale-job"))
    change(5, GOOD + "\n\n```diagnostic\nno-such\n```")
    for number in (6, 7, 8):
        rotten.add(good[number].pk)
    source = RunbookSource.objects.create(slug="s", kind="folder", team=team)
    for number, more in ((9, {"gone_at": noon}), (10, {"theirs": b"new"})):
        SourceFile.objects.create(source=source, path=f"{number}.md", content=b"", sha256="", encoding="utf-8", runbook=good[number], **more)
        rotten.add(good[number].pk)
    for number in (11, 12):
        Runbook.objects.filter(pk=good[number].pk).update(owner=left)
        rotten.add(good[number].pk)
    User.objects.filter(pk=left.pk).update(is_active=False)

    rot.check(noon, probe=False)

    flagged = set(RotFinding.objects.values_list("runbook", flat=True))
    assert len(rotten) == 12
    assert len(flagged & rotten) >= 11 and len(flagged - rotten) <= 2
    assert (flagged & rotten, flagged - rotten) == (rotten, set())


def test_what_was_repaired_is_found_no_more(write, noon):
    runbook = write(body="[gone](x.md)")
    rot.check(noon, probe=False)
    before = [finding.detail for finding in RotFinding.objects.all()]
    runbook.body = "fine"
    editing.save(runbook, seen=1, by=None, at=noon)

    rot.check(noon, probe=False)

    assert before == ["leads nowhere: x.md"] and not RotFinding.objects.exists()


def test_where_nobody_knows_the_rules_no_alert_is_called_gone(write, noon, monkeypatch):
    monkeypatch.setattr(rot.known_alerts, "_things", {"unreachable": lambda now: None})
    write(alerts=["AnyAlert"])

    assert rot.check(noon, probe=False) == {}


def test_a_page_that_answers_404_is_dead_and_one_that_cannot_be_asked_is_not(write, noon, monkeypatch):
    from portal import outbound

    class Answer:
        def __init__(self, status):
            self.status = status

    def fetch(method, url, **more):
        if "away" in url:
            raise outbound.Unreachable("refused")
        return Answer(404 if "dead" in url else 200)

    monkeypatch.setattr(outbound, "fetch", fetch)
    write(body="[a](https://x.example/dead) [b](https://x.example/away) [c](https://x.example/fine)")

    assert rot.check(noon) == {"link": 1}
    assert RotFinding.objects.get().detail == "answers 404: https://x.example/dead"


def test_prometheus_that_cannot_be_asked_makes_no_alert_gone(db, noon, monkeypatch):
    rule = SimpleNamespace(alert="Known")
    answers = {"http://one:9090": ([rule], []), "https://two:443": ([], ["trouble"])}
    monkeypatch.setattr(rot.rules_lint, "from_prometheus", answers.__getitem__)
    assert rot.loaded_rules(noon) is None
    Target.objects.create(slug="one", kind="prometheus", host="one")
    assert rot.loaded_rules(noon) == {"Known"}
    Target.objects.create(slug="two", kind="prometheus", host="two", port=443, uses_tls=True)
    assert rot.loaded_rules(noon) is None
