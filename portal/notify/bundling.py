"""Pages that come soon after another to the same person travel together: the first goes alone, the rest as one that lists all.

A page in a bundle has no due row of its own; it stays pending, so that an acknowledgement cancels it, and is `suppressed` once the
bundle that told of it was handed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings

from portal import due
from portal.notify.models import Message

SINGLE = ("pagerduty", "webhook")  # they keep an incident of their own for each page
LISTED = 30  # pages named in one bundle; the rest is counted


def join(message: Message, at: datetime, *, kind: str) -> bool:
    """Put a new page into the bundle of its recipient, in the caller's transaction. False: nothing else was sent lately, it goes alone.

    kind: the due kind that sends messages. 1 query, 5 for a page that joins.
    """
    first = _first_lately(message, at) if message.channel not in SINGLE else None
    if first is None:
        return False
    goes_at = first.created_at + settings.PAGES_BUNDLED_WITHIN
    bundle, new = Message.objects.get_or_create(
        dedup_key=f"bundle:{first.pk}",
        defaults={
            "recipient_id": message.recipient_id,
            "channel": message.channel,
            "purpose": Message.Purpose.BUNDLE,
            "subject": "Several pages",
            "body": "",
            "practice": message.practice,
            "method_id": message.method_id,
            "created_at": goes_at,
        },
    )
    bundle = Message.objects.select_for_update().get(pk=bundle.pk)  # its sender waits, and then finds this page left over
    if bundle.state != Message.State.PENDING:
        return False
    message.bundle = bundle
    message.save(update_fields=["bundle"])
    if new:
        due.put(kind, str(bundle.pk), at=goes_at, priority=0)
    return True


def members(bundle: Message) -> list[Message]:
    """What still waits in it, oldest first. 1 query."""
    return list(Message.objects.filter(bundle=bundle, state=Message.State.PENDING).order_by("pk"))


def write(bundle: Message, told: Sequence[Message]) -> None:
    """Its words; of a single page, that page's own."""
    if len(told) == 1:
        bundle.subject, bundle.body, bundle.about = told[0].subject, told[0].body, told[0].about
        return
    bundle.subject = f"{len(told)} more pages: {told[0].subject}"[:200]
    lines = [f"{len(told)} pages came within two minutes of the one before:", ""]
    for message in told[:LISTED]:
        lines += [message.subject, *(line for line in message.body.splitlines() if line.startswith("Acknowledge: ")), ""]
    if len(told) > LISTED:
        lines.append(f"… and {len(told) - LISTED} more. All of them: {settings.BASE_URL}/incidents/")
    bundle.body = "\n".join(lines)


def settle(bundle: Message, told: Sequence[Message], at: datetime, *, kind: str) -> None:
    """In the transaction that marks the bundle as sent: what it told of needs no sending; what joined too late goes alone, now."""
    ids = [message.pk for message in told]
    Message.objects.filter(pk__in=ids, state=Message.State.PENDING).update(
        state=Message.State.SUPPRESSED, reason=f"told in message {bundle.pk}, with {len(told) - 1} others"[:300]
    )
    release(bundle, at, kind=kind)


def release(bundle: Message, at: datetime, *, kind: str) -> None:
    """Pages that wait in a bundle that is over go alone."""
    for message in members(bundle):
        Message.objects.filter(pk=message.pk).update(bundle=None)
        due.put(kind, str(message.pk), at=at, priority=0)


def _first_lately(message: Message, at: datetime) -> Message | None:
    """The page after which others are bundled: about something else, to the same person by the same channel, inside the window."""
    lately = Message.objects.filter(
        recipient_id=message.recipient_id,
        channel=message.channel,
        method_id=message.method_id,
        purpose=Message.Purpose.PAGE,
        practice=message.practice,
        bundle=None,
        created_at__gt=at - settings.PAGES_BUNDLED_WITHIN,
        created_at__lte=at,
        state__in=[Message.State.PENDING, Message.State.SENT],
    )
    return lately.exclude(about=message.about).exclude(pk=message.pk).order_by("created_at", "pk").first()
