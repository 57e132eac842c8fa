"""The ladder: each rung once, on the owner's calendar, whatever restarts."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from portal.notify.models import Message
from postmortems import action_items, reminders
from postmortems.models import ActionItem, Reminder

BERLIN, AUCKLAND = ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Auckland")


def mails(item=None):
    found = Message.objects.filter(purpose="reminder").order_by("pk")
    return [(message.recipient.name, message.subject) for message in found]


def test_a_rung_falls_due_at_nine_where_the_owner_lives():
    assert reminders.moment_of(date(2026, 3, 3), 0, BERLIN) == datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
    assert reminders.moment_of(date(2026, 3, 3), 0, AUCKLAND) == datetime(2026, 3, 2, 20, 0, tzinfo=UTC)


def test_a_rung_on_a_weekend_waits_for_monday():
    saturday = date(2026, 3, 7)

    assert reminders.moment_of(saturday, 0, ZoneInfo("UTC")) == datetime(2026, 3, 9, 9, 0, tzinfo=UTC)


def test_nine_stays_nine_over_the_clock_change():
    winter, summer = date(2026, 3, 27), date(2026, 3, 30)

    assert reminders.moment_of(winter, 0, BERLIN).hour == 8
    assert reminders.moment_of(summer, 0, BERLIN).hour == 7


@given(
    st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland", "Asia/Kathmandu"]),
)
def test_every_rung_has_a_morning_of_a_working_day_and_rungs_keep_their_order(due_on, zone):
    moments = [reminders.moment_of(due_on, rung, ZoneInfo(zone)) for rung in reminders.RUNGS]

    assert moments == sorted(moments)
    assert all(m.astimezone(ZoneInfo(zone)).hour == 9 and m.astimezone(ZoneInfo(zone)).weekday() < 5 for m in moments)


@pytest.mark.django_db
def test_nothing_is_sent_before_the_morning_of_the_due_date(item, noon):
    reminders.remind(noon.replace(hour=8, minute=59))

    assert mails() == []


@pytest.mark.django_db
def test_the_owner_is_reminded_once_a_rung_however_often_the_task_runs(item, noon):
    for day in (0, 3, 7):
        for _ in range(3):
            reminders.remind(noon + timedelta(days=day))

    to_ana = [subject for name, subject in mails() if name == "Ana"]
    assert len(to_ana) == 3
    assert "due today" in to_ana[0]
    assert "3 days overdue" in to_ana[1]


@pytest.mark.django_db
def test_the_lead_is_told_from_the_seventh_day(item, noon):
    reminders.remind(noon + timedelta(days=3))
    assert [name for name, _ in mails()] == ["Ana"]

    reminders.remind(noon + timedelta(days=7))
    assert sorted(name for name, _ in mails()) == ["Ana", "Ana", "Ben"]


@pytest.mark.django_db
def test_after_downtime_one_mail_settles_every_rung_that_was_missed(item, noon):
    reminders.remind(noon + timedelta(days=4))

    assert len(mails()) == 1
    assert list(item.reminders.values_list("rung", flat=True)) == [0, 3]


@pytest.mark.django_db
def test_a_new_due_date_begins_the_ladder_anew(item, ana, noon):
    reminders.remind(noon)
    action_items.postpone(item.pk, noon.date() + timedelta(days=10), "waits for the vendor's fix", by=ana, at=noon)

    reminders.remind(noon + timedelta(days=9))
    assert len(mails()) == 1
    reminders.remind(noon + timedelta(days=10))
    assert len(mails()) == 2


@pytest.mark.django_db
def test_a_finished_item_is_left_alone(item, ana, noon):
    action_items.finish(item.pk, "https://example.org/change/1", by=ana, at=noon)

    reminders.remind(noon + timedelta(days=30))

    assert mails() == []


@pytest.mark.django_db
def test_the_item_of_somebody_who_left_falls_to_the_lead(item, ana, noon):
    ana.is_active = False
    ana.save()

    reminders.remind(noon)

    assert [name for name, _ in mails()] == ["Ben"]
    assert "no active owner" in Message.objects.get().body


@pytest.mark.django_db
def test_the_incident_being_closed_changes_nothing(item, resolved, noon):
    resolved.status = "closed"
    resolved.save()

    reminders.remind(noon)

    assert len(mails()) == 1


@pytest.mark.django_db(transaction=True)
def test_four_beats_at_once_send_one_reminder(item, noon):
    start = threading.Barrier(4)

    def beat():
        start.wait()
        reminders.remind(noon)
        connection.close()

    threads = [threading.Thread(target=beat) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(mails()) == 1
    assert Reminder.objects.count() == 1


@pytest.mark.django_db
def test_overdue_is_asked_of_the_owners_calendar(item, ana, noon):
    ana.time_zone = "Pacific/Auckland"  # already the 4th there at noon UTC on the 3rd
    ana.save()

    assert list(ActionItem.objects.overdue(noon)) == [item]
    assert ActionItem.objects.select_related("owner").get(pk=item.pk).days_late(noon) == 1
