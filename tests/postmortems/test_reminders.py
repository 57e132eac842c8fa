"""Chased until it is done: each rung once, one mail a person a day, whatever restarts."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from portal.notify.models import Message
from postmortems import action_items, leaving, reminders
from postmortems.models import ActionItem, Reminder


def mails():
    found = Message.objects.filter(purpose="reminder").order_by("pk")
    return [(message.recipient.name, message.subject) for message in found]


def people():
    return [name for name, _ in mails()]


@pytest.fixture
def chased(ana, platform, noon):
    """Due on Tuesday 3 March 2026, owned by Ana, dated a month before."""
    return action_items.add(title="Run old code against the new schema", owner=ana, team=platform, due_on=noon.date(), at=noon - timedelta(days=30))


pytestmark = pytest.mark.django_db


def test_nothing_is_sent_before_the_first_rung(chased, noon):
    reminders.remind(noon - timedelta(days=7, hours=4))

    assert mails() == []


def test_the_owner_is_reminded_once_a_rung_however_often_the_task_runs(chased, noon):
    for day in (-7, -4, 0, 3, 7, 14, 21):  # the fourth day before is the Friday on which −2, a Sunday, is told
        for _ in range(3):
            reminders.remind(noon + timedelta(days=day))

    subjects = [subject for name, subject in mails() if name == "Ana"]
    told = ["due in 7 days", "due in 4 days", "due today", "3 days overdue", "7 days overdue", "14 days overdue", "21 days overdue"]
    assert [subject.rpartition(": ")[2] for subject in subjects] == told


def test_the_lead_is_told_from_the_seventh_day(chased, noon):
    for day in (-7, -4, 0, 3):
        reminders.remind(noon + timedelta(days=day))
    assert set(people()) == {"Ana"}

    reminders.remind(noon + timedelta(days=7))
    assert people()[-2:] == ["Ana", "Ben"]


def test_everything_that_waits_for_a_person_is_one_mail_a_day(ana, platform, noon):
    for number in range(5):
        action_items.add(title=f"Fix {number}", owner=ana, team=platform, due_on=noon.date(), at=noon - timedelta(days=1))

    reminders.remind(noon)
    late = action_items.add(title="One more", owner=ana, team=platform, due_on=noon.date(), at=noon + timedelta(hours=1))
    reminders.remind(noon + timedelta(hours=2))

    assert mails() == [("Ana", "5 things wait for you")]
    reminders.remind(noon + timedelta(days=1))
    assert mails()[1:] == [("Ana", f"{late.reference} One more: 1 day overdue")]


def test_after_downtime_one_mail_settles_every_rung_that_was_missed(chased, noon):
    reminders.remind(noon + timedelta(days=8))

    assert people() == ["Ana", "Ben"]
    assert list(chased.reminders.filter(as_lead=False).values_list("rung", flat=True)) == [-7, -2, 0, 3, 7]


def test_a_new_due_date_begins_the_ladder_anew(chased, ana, noon):
    reminders.remind(noon)
    action_items.postpone(chased.pk, noon.date() + timedelta(days=10), "waits for the vendor's fix", by=ana, at=noon)

    reminders.remind(noon + timedelta(days=2))
    assert len(mails()) == 1
    reminders.remind(noon + timedelta(days=3))  # seven days before the new date
    assert len(mails()) == 2


def test_a_finished_item_is_asked_about_on_its_day_of_proof_by_owner_and_lead(chased, ana, noon):
    action_items.finish(chased.pk, "https://example.org/change/1", by=ana, at=noon)

    reminders.remind(noon + timedelta(days=29))
    assert mails() == []
    reminders.remind(noon + timedelta(days=30))
    assert people() == ["Ana", "Ben"]
    assert "Did it hold?" in Message.objects.first().body

    action_items.verify(chased.pk, by=ana, at=noon + timedelta(days=30))
    reminders.remind(noon + timedelta(days=90))
    assert len(mails()) == 2


def test_a_line_that_waits_is_not_told_once_the_item_is_done(chased, ana, noon):
    night = noon.replace(hour=3) + timedelta(days=1)  # rung 0 has passed, and nobody is woken
    reminders.remind(night)
    assert mails() == []

    action_items.finish(chased.pk, "https://example.org/change/1", by=ana, at=night)
    reminders.remind(noon + timedelta(days=1))

    assert mails() == []


def test_the_items_of_somebody_who_left_are_the_leads_now_and_say_so(chased, ana, ben, noon):
    ana.is_active = False
    ana.save()

    reminders.remind(noon)

    chased.refresh_from_db()
    assert chased.owner == ben
    assert people() == ["Ben"]
    assert "Yours now" in Message.objects.get().body


def test_who_is_deactivated_hands_over_to_whoever_was_named(chased, ana, ben, admin_user, noon):
    assert leaving.hand_over(ana, ben, by=admin_user, at=noon - timedelta(days=1)) == 1

    reminders.remind(noon)

    assert people() == ["Ben"]


def test_an_item_without_an_owner_is_chased_at_the_lead(platform, noon):
    item = action_items.add(title="Nobody's", team=platform, due_on=noon.date(), at=noon - timedelta(days=1))

    reminders.remind(noon)

    assert mails() == [("Ben", f"{item.reference} Nobody's: due today")]
    assert "nobody: please find one" in Message.objects.get().body


def test_leave_of_the_owner_moves_the_rung(chased, ana, noon):
    from oncall.models.absence import Absence

    Absence.objects.create(person=ana, starts_at=noon - timedelta(days=2), ends_at=noon + timedelta(days=2))
    chased.refresh_from_db()
    reminders.remind(noon - timedelta(days=4))  # Friday: −2 and 0 both move there

    assert people() == ["Ana"]
    assert sorted(chased.reminders.values_list("rung", flat=True)) == [-7, -2, 0]


def test_the_incident_being_closed_changes_nothing(item, resolved, noon):
    resolved.status = "closed"
    resolved.save()

    reminders.remind(noon)

    assert len(mails()) == 1


def test_a_late_draft_and_then_a_late_postmortem_are_chased(postmortem, resolved, noon):
    reminders.remind(noon + timedelta(days=1))
    assert mails() == [("Ana", f"{postmortem.reference} {postmortem.title}: due today")]
    assert "Postmortems to draft" in Message.objects.get().body

    reminders.remind(noon + timedelta(days=2))
    assert "Postmortems to publish" in Message.objects.order_by("pk").last().body


def test_the_database_keeps_no_open_dated_item_without_a_next_reminder(chased):
    with pytest.raises(IntegrityError, match="action_item_chased_while_open"), transaction.atomic():
        ActionItem.objects.filter(pk=chased.pk).update(next_reminder_at=None)


def test_an_item_that_was_written_without_the_story_is_chased_all_the_same(ana, platform, noon):
    ActionItem.objects.create(title="Bare", owner=ana, team=platform, due_on=noon.date(), created_at=noon - timedelta(days=1))

    reminders.remind(noon)

    assert people() == ["Ana"]


@pytest.mark.django_db(transaction=True)
def test_four_beats_at_once_send_one_reminder(chased, noon):
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
    assert Reminder.objects.filter(waits=True).count() == 0


def test_overdue_is_asked_of_the_owners_calendar(chased, ana, noon):
    ana.time_zone = "Pacific/Auckland"  # already the 4th there at noon UTC on the 3rd
    ana.save()

    assert list(ActionItem.objects.overdue(noon)) == [chased]
    assert ActionItem.objects.select_related("owner").get(pk=chased.pk).days_late(noon) == 1
    assert timezone.is_aware(noon)
