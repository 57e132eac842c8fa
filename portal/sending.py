"""Whether anything leaves the house. A restored copy begins with sending off: it must not page for yesterday."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Count

from portal import due
from portal.models import Due, Hold

POOL = "paging"  # every message and whatever leads to one


def hold() -> Hold | None:
    """Why nothing is sent, and since when; None while sending is on. 1 query."""
    return Hold.objects.first()


def switch_off(reason: str, *, at: datetime) -> Hold:
    """From the next scan on nothing of the paging pool is worked. Doing it twice keeps the first reason."""
    return Hold.objects.get_or_create(pk=1, defaults={"since": at, "reason": reason[:300]})[0]


@transaction.atomic
def switch_on() -> int:
    """Send again; how many messages from before were given up. Whatever else fell due meanwhile (escalations, reminders) goes on now."""
    from portal.notify.models import Message
    from portal.notify.outbox import SEND

    found = hold()
    if found is None:
        return 0
    old = list(Message.objects.filter(state=Message.State.PENDING, created_at__lte=found.since).values_list("pk", flat=True))
    due.cancel(SEND, [str(pk) for pk in old])
    why = "Not sent: it comes from before this database was restored."
    Message.objects.filter(pk__in=old).update(state=Message.State.SUPPRESSED, reason=why)
    found.delete()
    return len(old)


def waiting(now: datetime) -> dict[str, int]:
    """What would be worked at once if sending were on, by kind. 1 query."""
    rows = Due.objects.filter(pool=POOL, set_aside=False, due_at__lte=now).order_by("kind")
    return dict(rows.values_list("kind").annotate(Count("pk")))
