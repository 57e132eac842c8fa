"""The whole way over the pages: resolved, drafted by itself, written by two, reviewed, published, chased, proven, and back again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from incidents.models import Alert, Episode, Incident, Source
from portal.notify.models import Message
from postmortems import recurrence, reminders, writing
from postmortems.models import ActionItem, Postmortem
from tests.conftest import person
from tests.postmortems.test_writing import desk, field_of

pytestmark = pytest.mark.django_db
TEXTS = {
    "impact": "212 customers waited 47 min.",
    "root_cause": "The migration asked for a value that running workers did not send.",
    "went_well": "The page was acknowledged in 2 min.",
    "went_wrong": "The rollback could not help.",
    "lessons": "A rollback restores code, not state.",
}


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def press(client, postmortem, verb) -> str:
    """One of the buttons of the writing desk; the page that follows."""
    return client.get(f"/admin/postmortems/postmortem/{postmortem.pk}/{verb}", follow=True).content.decode()


def fired(incident, noon) -> Alert:
    source, _ = Source.objects.get_or_create(name="prometheus", defaults={"created_at": noon})
    alert, _ = Alert.objects.get_or_create(
        source=source,
        fingerprint="a" * 16,
        defaults={
            "name": "AgentDown",
            "first_seen_at": noon,
            "last_seen_at": noon,
            "labels": {"alertname": "AgentDown"},
            "service": incident.service,
        },
    )
    began = incident.opened_at
    moments = {"started_at": began, "last_starts_at": began, "first_seen_at": began, "last_seen_at": began, "ended_at": began + timedelta(hours=1)}
    Episode.objects.create(alert=alert, incident=incident, number=alert.episodes.count() + 1, ended_how="resolved", **moments)
    return alert


def test_from_resolved_to_recurring(resolved, platform, ana, ben, noon, monkeypatch):
    now = [noon]
    monkeypatch.setattr("portal.clock.now", lambda: now[0])
    fired(resolved, noon)
    first, second = signed_in(ana), signed_in(ben)

    # drafted by itself, in the name of the team's lead
    writing.start_missing(noon)
    postmortem = Postmortem.objects.get()
    assert (postmortem.author, postmortem.slug) == (ben, "2026-03-03-all-agent-runs-fail")
    assert "Questions the data ask" in first.get(f"/postmortems/{postmortem.pk}/").content.decode()

    # written by two people who opened the desk at the same time
    pages = [desk(first, postmortem), desk(second, postmortem)]
    for number, kind in enumerate(TEXTS):
        data = pages[number % 2][1]
        data[field_of(data, postmortem, kind)] = TEXTS[kind]
    url, mine = pages[0]
    mine |= {
        "action_items-TOTAL_FORMS": "1", "action_items-0-title": "Run old code against the new schema", "action_items-0-type": "prevent",
        "action_items-0-owner": ana.pk, "action_items-0-team": platform.pk, "action_items-0-due_on": "2026-03-10", "action_items-0-status": "open",
        "action_items-0-postmortem": postmortem.pk, "ask_reviewers": [ben.pk],
    }  # fmt: skip
    assert [first.post(url, mine).status_code, second.post(*pages[1]).status_code] == [302, 302]
    assert {part.kind: part.body for part in postmortem.sections.exclude(kind="timeline")} == TEXTS
    item = ActionItem.objects.get()

    # reviewed: changes are wanted first, and stand in the way
    assert "in review" in press(first, postmortem, "to-review")
    second.post(f"/postmortems/{postmortem.pk}/review/", {"verdict": "changes", "comment": "Say since when."})
    assert "Ben wants changes: Say since when." in press(first, postmortem, "publish")
    second.post(f"/postmortems/{postmortem.pk}/review/", {"verdict": "approved"})

    # published
    now[0] = noon + timedelta(hours=20)
    assert "published" in press(first, postmortem, "publish")
    postmortem.refresh_from_db()
    assert (postmortem.status, postmortem.published_findings["timeline"][-1]["text"][:10]) == ("published", "Postmortem")

    # chased, also once it is late, and on the lead's list
    for days in (3, 7, 10, 14):  # two days before is a Sunday, so that one comes on the Friday
        now[0] = noon + timedelta(days=days)
        reminders.remind(now[0])
    subjects = list(Message.objects.filter(purpose="reminder", recipient=ana).order_by("pk").values_list("subject", flat=True))
    assert [subject.rpartition(": ")[2] for subject in subjects] == ["due in 4 days", "due today", "3 days overdue", "7 days overdue"]
    assert Message.objects.filter(purpose="reminder", recipient=ben, subject__contains="7 days overdue").exists()

    # done only with evidence, then asked whether it held, then verified
    assert first.post(f"/actions/{item.pk}/done/", {"evidence": " "}).status_code == 422
    first.post(f"/actions/{item.pk}/done/", {"evidence": "The check failed on a bad migration."})
    now[0] += timedelta(days=31)
    assert "Did it hold? Run old code against the new schema" in first.get("/").content.decode()
    first.post(f"/actions/{item.pk}/verify/", {"note": "Two migrations were stopped."})
    item.refresh_from_db()
    assert item.status == "verified"

    # it happens again while another fix is done and not verified yet
    again = {"title": "Alert on jobs given back", "postmortem": postmortem, "owner": ana, "team": platform, "created_at": now[0]}
    unproven = ActionItem.objects.create(**again, status="done", evidence="seen", finished_at=now[0], verify_by=now[0].date() + timedelta(days=30))
    incident = Incident.objects.create(title="All agent runs fail", severity=1, service=resolved.service, opened_at=now[0])
    fired(incident, now[0])
    recurrence.look(now[0])
    unproven.refresh_from_db()
    assert unproven.status == "open"
    page = signed_in(person("Cleo")).get(f"/incidents/{incident.pk}/").content.decode()
    assert "This happened on 3 Mar 2026; 1 of 2 fixes are open." in page
    assert Message.objects.filter(recipient=ben, subject=f"{incident.reference} happened before: 1 of 2 fixes are open").exists()
