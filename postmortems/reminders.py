"""The ladder of reminders: chased on the owner's calendar until it is done, each rung once.

Rungs are days after the due date, at 09:00 in the owner's zone; one that falls on a weekend waits for Monday.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from portal.accounts.models import User
from portal.notify import outbox
from portal.notify.models import Message
from postmortems.models import ActionItem, Reminder

logger = logging.getLogger(__name__)

RUNGS = (0, 3, 7)  # days after the due date
LEAD_FROM = 7  # the team's leads are told too from this rung on
MORNING = time(9)
SATURDAY = 5


def moment_of(due_on: date, rung: int, zone: ZoneInfo) -> datetime:
    """When a rung is due, UTC: 09:00 in the zone, on the first working day (Monday to Friday) from `due_on + rung` on.

    Pure. 09:00 exists on every day of every zone's clock change that is in force, so no hour is skipped or doubled.
    """
    day = due_on + timedelta(days=rung)
    while day.weekday() >= SATURDAY:
        day += timedelta(days=1)
    return datetime.combine(day, MORNING, tzinfo=zone).astimezone(ZoneInfo("UTC"))


def ripe_rungs(due_on: date, zone: ZoneInfo, now: datetime, settled: Iterable[int]) -> list[int]:
    """The rungs whose moment has come (included) and that nobody settled. Pure."""
    done = set(settled)
    return [rung for rung in RUNGS if rung not in done and moment_of(due_on, rung, zone) <= now]


def remind(now: datetime) -> int:
    """Remind of every unfinished item that has a ripe rung; how many reminders were queued. Safe to run again, and twice at once."""
    # UTC+14 is the first to see a day, so nothing that is due anywhere is left out.
    due = ActionItem.objects.unfinished().filter(due_on__lte=(now + timedelta(hours=14)).date())
    return sum(_remind_of(pk, now) for pk in due.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _remind_of(item_id: int, now: datetime) -> int:
    item = ActionItem.objects.select_for_update(of=("self",)).select_related("owner", "team", "postmortem").filter(pk=item_id).first()
    if item is None or item.is_finished or item.due_on is None:
        return 0
    zone = item.owner.zone if item.owner else ZoneInfo("UTC")
    settled = item.reminders.filter(due_on=item.due_on).values_list("rung", flat=True)
    rungs = ripe_rungs(item.due_on, zone, now, settled)
    if not rungs:
        return 0
    recipients = whom(item, rungs[-1])
    if not recipients:
        logger.warning("an overdue action item has nobody to remind", extra={"item": item.pk})
        return 0
    # After downtime one mail settles every rung that was missed.
    messages = [_queue(item, person, rungs[-1], now) for person in recipients]
    for rung in rungs:
        Reminder.objects.create(item=item, rung=rung, due_on=item.due_on, settled_at=now, message=messages[0] if rung == rungs[-1] else None)
    return len(messages)


def whom(item: ActionItem, rung: int) -> list[User]:
    """The owner, with the team's leads from +7 days on; without an active owner the leads, loudly. 0-1 query."""
    owner = item.owner if item.owner and item.owner.is_active else None
    leads = list(item.team.leads()) if item.team and (owner is None or rung >= LEAD_FROM) else []
    people = {person.pk: person for person in ([owner] if owner else []) + leads}
    return list(people.values())


def _queue(item: ActionItem, person: User, rung: int, now: datetime) -> Message:
    late = item.days_late(now)
    state = f"{late} {'day' if late == 1 else 'days'} overdue" if late else "due today"
    origin = f"From {item.postmortem.reference} “{item.postmortem.title}”.\n" if item.postmortem else ""
    unowned = "" if item.owner and item.owner.is_active else "It has no active owner: please find one.\n"
    body = (
        f"{item.title}\n\n{item.reference}, due on {item.due_on:%d %b %Y}, {state}.\n{origin}{unowned}"
        f"Owner: {item.owner or 'nobody'}\n\n"
        f"Mark it done with evidence, or move its date with a reason:\n{settings.BASE_URL}/actions/{item.pk}/\n"
    )
    return outbox.queue(
        person,
        channel="email",
        purpose=Message.Purpose.REMINDER,
        subject=f"{item.reference} {state}: {item.title}",
        body=body,
        dedup_key=f"overdue:{item.pk}:{rung}:{item.due_on}:{person.pk}",
        at=now,
        about=item.subject,
        priority=3,
    )
