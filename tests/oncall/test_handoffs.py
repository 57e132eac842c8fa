"""Hand-offs write themselves, are frozen when sent, and are accepted or told to the lead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from oncall import checklists, handoffs, shifts, starting
from oncall.models import Checklist, Handoff
from portal.errors import DomainError
from portal.notify import methods
from portal.notify.models import Message

pytestmark = pytest.mark.django_db
CHANGE = datetime(2026, 3, 9, 8, tzinfo=UTC)  # Monday 09:00 in Berlin: Ana goes, Ben comes


@pytest.fixture
def handoff(rotation):
    handoffs.open_due(CHANGE - timedelta(hours=2))
    return Handoff.objects.get()


def test_it_opens_once_before_the_shift_changes_hands_and_tells_who_goes(handoff, ana, ben):
    assert handoffs.open_due(CHANGE - timedelta(hours=1)) == 0

    assert (handoff.outgoing, handoff.incoming, handoff.at) == (ana, ben, CHANGE)
    assert Message.objects.get(about=f"handoff:{handoff.pk}").recipient == ana


def test_unticked_checks_stand_in_it_and_freeze_when_it_is_sent(handoff, ana):
    starting.lay_out(CHANGE)
    shifts.open_checklists(CHANGE - timedelta(hours=2))
    mine = Checklist.objects.get(person=ana, template__slug="shift-checklist")
    live = next(section for section in handoffs.sections(handoff, CHANGE) if section["name"] == "unticked checks")
    assert "Laptop charged and ready" in [item["what"] for item in live["items"]]

    handoffs.send(handoff.pk, at=CHANGE)
    checklists.tick(mine.items.get(text="Laptop charged and ready").pk, by=ana, at=CHANGE)

    handoff.refresh_from_db()
    frozen = next(section for section in handoffs.sections(handoff, CHANGE) if section["name"] == "unticked checks")
    assert "Laptop charged and ready" in [item["what"] for item in frozen["items"]]


def test_it_is_sent_by_itself_and_a_lead_hears_after_thirty_minutes(handoff, ben):
    handoffs.go_on(CHANGE)
    handoff.refresh_from_db()
    assert handoff.state == "sent"

    assert handoffs.go_on(CHANGE + timedelta(minutes=29)) == 0
    assert handoffs.go_on(CHANGE + timedelta(minutes=30)) == 1
    assert handoffs.go_on(CHANGE + timedelta(minutes=31)) == 0
    assert [message.recipient.name for message in Message.objects.filter(subject__contains="has not accepted")] == ["Lea"]


def test_accepted_in_time_nobody_is_told_and_it_cannot_be_taken_twice(handoff, ben):
    handoffs.accept(handoff.pk, by=ben, at=CHANGE)

    assert handoffs.go_on(CHANGE + timedelta(hours=1)) == 0
    with pytest.raises(DomainError, match="Ben accepted it already"):
        handoffs.accept(handoff.pk, by=ben, at=CHANGE)


def test_a_tapped_page_ticks_what_asks_for_it(handoff, ana):
    starting.lay_out(CHANGE)
    shifts.open_checklists(CHANGE - timedelta(hours=2))

    methods.prove(ana, None, at=CHANGE - timedelta(hours=1))

    item = Checklist.objects.get(person=ana, template__slug="shift-checklist").items.get(text="Phone charged and alerts enabled")
    assert (item.state, item.by, item.proved_by) == ("ticked", ana, "page tapped, by e-mail")


def test_unfinished_checks_at_the_start_of_a_shift_are_told_to_the_lead_once(handoff):
    starting.lay_out(CHANGE)
    shifts.open_checklists(CHANGE - timedelta(hours=2))

    told = shifts.tell_leads(CHANGE + timedelta(minutes=1))

    assert told == 2  # the two lists of Ben, whose shift has begun; Ana's is over
    assert shifts.tell_leads(CHANGE + timedelta(minutes=5)) == 0
    assert {message.recipient.name for message in Message.objects.filter(subject__contains="unfinished checks")} == {"Lea"}
