"""It happened before: said on the incident, to the lead, and what did not hold opens again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents.models import Incident
from portal import journal
from portal.notify.models import Message
from postmortems import action_items, recurrence
from postmortems.models import ActionItem, Postmortem, Recurrence

pytestmark = pytest.mark.django_db
KEY = "a" * 64


@pytest.fixture
def published(postmortem, resolved, ana, platform, noon):
    """Of the SEV1 that was resolved at noon; three fixes: one verified, two open, one of them 41 days late in two months."""
    Incident.objects.filter(pk=resolved.pk).update(correlation_key=KEY)
    Postmortem.objects.filter(pk=postmortem.pk).update(status="published", published_at=noon)
    for title, days in (("Add an alert", 20), ("Guard the schema", 100), ("Write it down", 20)):
        action_items.add(title=title, owner=ana, team=platform, due_on=noon.date() + timedelta(days=days), postmortem=postmortem, at=noon)
    written = ActionItem.objects.get(title="Write it down")
    action_items.finish(written.pk, "https://example.org/1", by=ana, at=noon)
    action_items.verify(written.pk, by=ana, at=noon)
    return postmortem


@pytest.fixture
def again(published, resolved, noon):
    """61 days later."""
    return Incident.objects.create(
        title="All agent runs fail", severity=1, service=resolved.service, opened_at=noon + timedelta(days=61), correlation_key=KEY, status="triage"
    )


def test_the_notice_says_when_how_many_fixes_are_open_and_how_late(again, noon):
    known = recurrence.before(again, None, noon + timedelta(days=61))

    assert str(known) == "This happened on 3 Mar 2026; 2 of 3 fixes are open, the oldest 41 days late."


def test_the_lead_is_told_and_the_incident_says_it_once_however_often_one_looks(again, ben, noon):
    now = noon + timedelta(days=61)

    assert [recurrence.look(now) for _ in range(3)] == [1, 0, 0]

    [mail] = Message.objects.filter(purpose="notice")
    assert (mail.recipient, mail.subject) == (ben, f"{again.reference} happened before: 2 of 3 fixes are open")
    assert [entry.kind for entry in journal.entries(again.subject)] == ["notice"]


def test_a_fix_that_was_done_and_not_verified_opens_again(again, published, ana, noon):
    fix = ActionItem.objects.get(title="Guard the schema")
    action_items.finish(fix.pk, "https://example.org/2", by=ana, at=noon)

    recurrence.look(noon + timedelta(days=61))

    fix.refresh_from_db()
    assert (fix.status, fix.verify_by) == ("open", None)
    assert again.reference in journal.entries(fix.subject).last().text


def test_something_that_never_happened_before_is_examined_once(resolved, noon):
    fresh = Incident.objects.create(title="New", severity=3, service=resolved.service, opened_at=noon, correlation_key="b" * 64)

    assert recurrence.look(noon) == 0
    assert Recurrence.objects.get(incident=fresh).postmortem is None


def test_a_drill_is_no_recurrence(again, noon):
    Incident.objects.filter(pk=again.pk).update(kind="drill")

    assert recurrence.look(noon + timedelta(days=61)) == 0


def test_the_page_of_the_incident_shows_it(client, again, ana):
    client.force_login(ana)

    assert "This happened on 3 Mar 2026; 2 of 3 fixes are open" in client.get(f"/incidents/{again.pk}/").content.decode()
