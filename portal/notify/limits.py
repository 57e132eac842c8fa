"""How much goes to one destination in a minute: more waits and says so, nothing is dropped, and pages go before everything else."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from portal.notify.models import Attempt, Message

WINDOW = timedelta(minutes=1)
URGENT = (Message.Purpose.PAGE, Message.Purpose.BUNDLE, Message.Purpose.TEST, Message.Purpose.CARRY)
FOR_URGENT = 2  # times the limit: a mail about forty moved shifts holds back no page


def waits_until(message: Message, now: datetime) -> datetime | None:
    """When its destination takes one more; None: at once. Eight senders at once may overshoot by as many. 1 query.

    A destination is one contact method of one person, or their account's e-mail.
    """
    limit = settings.DESTINATION_LIMIT * (FOR_URGENT if message.purpose in URGENT else 1)
    if not limit:
        return None
    lately = Attempt.objects.filter(
        started_at__gt=now - WINDOW,
        message__recipient=message.recipient_id,
        message__channel=message.channel,
        message__method=message.method_id,
    )
    started = list(lately.order_by("-started_at").values_list("started_at", flat=True)[:limit])
    return started[-1] + WINDOW if len(started) == limit else None


def said() -> str:
    """Why a message waits, for the log."""
    return f"waited: more than {settings.DESTINATION_LIMIT} messages a minute to one address"
