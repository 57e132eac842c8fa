"""Once a week a lead reads what rots, and what happened on these days; it is told once, on a working morning."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from incidents.models import Incident
from portal.notify.models import Message
from postmortems import action_items, weekly, writing
from postmortems.models import Postmortem, Recurrence

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 3, 9, 8, 0, tzinfo=ZoneInfo("UTC"))


@pytest.fixture
def rotten(postmortem, ana, platform, noon):
    """Owned by Ana, due on 3 March, moved once, and its incident came back."""
    item = action_items.add(
        title="Run old code against the new schema", owner=ana, team=platform, postmortem=postmortem,
        due_on=(noon - timedelta(days=20)).date(), at=noon - timedelta(days=30),
    )  # fmt: skip
    action_items.postpone(item.pk, noon.date(), "waits for the vendor", by=ana, at=noon - timedelta(days=21))
    again = Incident.objects.create(title="Again", severity=3, opened_at=noon)
    Recurrence.objects.create(incident=again, postmortem=postmortem, found_at=noon)
    return item


def reports():
    return list(Message.objects.filter(dedup_key__startswith="weekly:").order_by("pk"))


def test_the_report_lists_age_slips_and_items_whose_incident_came_back(rotten, ben):
    weekly.report(MONDAY + timedelta(hours=2))

    [sent] = reports()
    assert sent.recipient == ben
    assert sent.subject == "Your week: 1 action item is overdue"
    assert f"{rotten.reference} Run old code" in sent.body
    assert "6 days late, 35 days old since it was opened, owner Ana, moved 1 time, its incident came back" in sent.body
    assert "1 postmortem is overdue" in sent.body


def test_it_is_told_once_a_week_on_a_working_morning(rotten, ben):
    saturday, early = MONDAY - timedelta(days=2) + timedelta(hours=4), MONDAY
    assert (weekly.report(saturday), weekly.report(early)) == (0, 0)

    assert [weekly.report(MONDAY + timedelta(hours=hours)) for hours in (1, 2, 50)] == [1, 0, 0]
    assert weekly.report(MONDAY + timedelta(days=7, hours=2)) == 1


def test_a_lead_with_nothing_to_hear_gets_no_mail(platform, ben):
    assert weekly.report(MONDAY + timedelta(hours=2)) == 0


def test_a_waived_sev1_is_listed_for_a_week(postmortem, ben, noon):
    writing.move(postmortem.pk, Postmortem.Status.WAIVED, by=ben, at=noon, reason="the same as PM-1")

    assert "SEV1 waived this week" in weekly.write(ben, noon + timedelta(days=1))
    assert "SEV1 waived" not in weekly.write(ben, noon + timedelta(days=9))


def test_what_happened_on_these_days_of_earlier_years_is_remembered(resolved, ana, ben, noon):
    old = writing.start(resolved.pk, by=ana, at=noon)
    Postmortem.objects.filter(pk=old.pk).update(status="published", published_at=noon)

    assert "On these days\n- 03 Mar 2026: All agent runs fail" in weekly.write(ben, noon.replace(year=2028) - timedelta(days=2))
    assert "On these days" not in weekly.write(ben, noon.replace(year=2028) + timedelta(days=2))
    assert "On these days" not in weekly.write(ben, noon.replace(year=2030))
    weekly.write(ben, datetime(2028, 2, 29, 12, tzinfo=ZoneInfo("UTC")))  # the day that other years lack
