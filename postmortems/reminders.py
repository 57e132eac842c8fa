"""Chase until it is done: each rung of each ladder becomes one line for one person, whatever restarts.

`remind` turns ripe rungs into waiting lines and then sends digests (`digests`): one mail a person a day. What is asked:
items until they are done, done items whether they held, postmortems until they are drafted, reviewed and published.
"""

from __future__ import annotations

import logging
from datetime import date, datetime

from django.db import transaction

from portal.locking import locked
from postmortems import digests, ladder, leaving, overdue
from postmortems.chasing import asked_on, asks_of, ladder_of, working_days
from postmortems.models import ActionItem, Reminder

logger = logging.getLogger(__name__)


def remind(now: datetime) -> int:
    """Settle what is ripe and send the digests that are due; how many mails were queued. Safe to run again, and twice at once."""
    leaving.take_over_from_the_departed(now)
    settle_ripe_items(now)
    overdue.settle_ripe(now)
    return digests.send(now)


def settle_ripe_items(now: datetime) -> int:
    """Ripe rungs of items become waiting lines; how many items were looked at."""
    ripe = ActionItem.objects.filter(next_reminder_at__lte=now).order_by("next_reminder_at", "pk").values_list("pk", flat=True)
    return sum(_settle(pk, now) for pk in list(ripe))


@transaction.atomic
def _settle(item_id: int, now: datetime) -> int:
    item = next(iter(locked(ActionItem.objects.select_related("owner", "team").filter(pk=item_id))), None)
    if item is None or item.next_reminder_at is None or item.next_reminder_at > now:
        return 0  # another scan was faster
    due_on = asked_on(item)
    if due_on is None:
        ActionItem.objects.filter(pk=item.pk).update(next_reminder_at=None)
        return 1
    days, asks = working_days(item, now), asks_of(item)
    settled = set(item.reminders.filter(asks=asks, due_on=due_on, as_lead=False).values_list("rung", flat=True))
    steps = ladder_of(item, days)
    rungs = steps.ripe(now, settled)
    if rungs:
        _lines(item, asks, due_on, rungs, now)
    ActionItem.objects.filter(pk=item.pk).update(next_reminder_at=steps.next_moment(now))
    return 1


def _lines(item: ActionItem, asks: str, due_on: date, rungs: list[int], now: datetime) -> None:
    """Settle every ripe rung; the last one is told. Without an active owner the leads are told in the owner's place."""
    leads = list(item.team.leads()) if item.team else []
    owner = item.owner if item.owner and item.owner.is_active else (leads[0] if leads else None)
    if owner is None:
        logger.warning("an action item has nobody to remind", extra={"item": item.pk})
        return
    for rung in rungs:
        Reminder.objects.create(asks=asks, item=item, rung=rung, due_on=due_on, person=owner, waits=rung == rungs[-1], settled_at=now)
    if rungs[-1] >= ladder.LEAD_FROM or asks == Reminder.Asks.VERIFY or owner is not item.owner:
        for lead in leads:
            if lead != owner:
                Reminder.objects.create(asks=asks, item=item, rung=rungs[-1], due_on=due_on, person=lead, as_lead=True, settled_at=now)
