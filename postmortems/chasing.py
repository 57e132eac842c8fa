"""What is asked about an action item, whom, on whose calendar, and when next."""

from __future__ import annotations

from datetime import date, datetime

from postmortems import calendars
from postmortems.calendars import NOBODY, WorkingDays
from postmortems.ladder import Ladder
from postmortems.models import ActionItem, Reminder


def asks_of(item: ActionItem) -> str:
    return Reminder.Asks.VERIFY if item.status == ActionItem.Status.DONE else Reminder.Asks.DO


def asked_on(item: ActionItem) -> date | None:
    """The date from which its ladder counts; None: nothing is asked."""
    if item.status == ActionItem.Status.DONE:
        return item.verify_by
    return None if item.is_finished else item.due_on


def working_days(item: ActionItem, now: datetime) -> WorkingDays:
    """The calendar on which an item is chased: its owner's. 0 or 2 queries."""
    return calendars.of([item.owner], now)[item.owner.pk] if item.owner and item.owner.is_active else NOBODY


def ladder_of(item: ActionItem, days: WorkingDays) -> Ladder:
    """Raises: ValueError, nothing is asked about it."""
    due_on = asked_on(item)
    if due_on is None:
        raise ValueError(f"{item} has no date")
    return Ladder(due_on, days.zone, days.off, dated_at=item.dated_at or item.created_at, early=asks_of(item) == Reminder.Asks.DO)


def reschedule(item: ActionItem, *, now: datetime) -> None:
    """Set the next reminder after its date, owner or state changed; lines that wait are no longer told. In the caller's transaction, before save."""
    if item.pk:
        Reminder.objects.filter(item=item, waits=True).update(waits=False)
    due_on = asked_on(item)
    if due_on is None:
        item.next_reminder_at = None
        return
    steps = ladder_of(item, working_days(item, now))
    settled = item.reminders.filter(asks=asks_of(item), due_on=due_on, as_lead=False).values_list("rung", flat=True) if item.pk else ()
    item.next_reminder_at = now if steps.ripe(now, settled) else steps.next_moment(now)
