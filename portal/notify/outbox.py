"""The outbox: a message is a row, claimed, sent, retried, and given up only by handing on.

`about` is the journal's subject: what became of the message is told there.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from portal import clock, due, journal
from portal.accounts.models import User
from portal.models import Due
from portal.notify import bundling, contact, limits
from portal.notify.channels import CHANNELS, ChannelError
from portal.notify.contact import ContactMethod
from portal.notify.models import Attempt, Message
from portal.shelves import Shelf

logger = logging.getLogger(__name__)

SEND = "notify.send"
LEASE = timedelta(seconds=12)  # twice a channel's total timeout (5 s) and a bit
RETRY = (2, 5, 15, 30, 60)  # seconds after attempt 1, 2, …; ± 20 %
PAGE_TRIES, PAGE_PATIENCE = 3, timedelta(seconds=60)

# By purpose: whom to try next, called in the transaction in which a message is given up.
gave_up: Shelf[Callable[[Message, datetime], None]] = Shelf("answers to a message given up")


def queue(
    recipient: User,
    *,
    channel: str,
    purpose: str,
    subject: str,
    body: str,
    dedup_key: str,
    at: datetime,
    about: str = "",
    priority: int = 2,
    practice: bool = False,
    method: ContactMethod | None = None,
    chain: str = "",
    link: str = "",
    alone: bool = False,
) -> Message:
    """Ask for one message, in the caller's transaction. Asking again with the same `dedup_key` changes nothing.

    method: the person's way by this channel; None: the account's e-mail. chain: named alike in every message that replaces another.
    A page that comes within two minutes of another to the same person travels in a bundle, unless it has to go `alone`.
    """
    message, new = Message.objects.get_or_create(
        dedup_key=dedup_key,
        defaults={
            "recipient": recipient,
            "channel": channel,
            "purpose": purpose,
            "subject": subject[:200],
            "body": body,
            "about": about,
            "practice": practice,
            "created_at": at,
            "method": method,
            "chain": chain,
            "link": link[:300],
        },
    )
    if new and (alone or purpose != Message.Purpose.PAGE or not bundling.join(message, at, kind=SEND)):
        due.put_new(SEND, str(message.pk), at=at, priority=priority)
    return message


def not_sent(recipient: User, *, subject: str, reason: str, dedup_key: str, at: datetime, about: str = "") -> Message:
    """Write down, for the person's log, what they would have got and why they did not. In the caller's transaction."""
    return Message.objects.get_or_create(
        dedup_key=dedup_key,
        defaults={
            "recipient": recipient,
            "channel": "",
            "purpose": Message.Purpose.PAGE,
            "subject": subject[:200],
            "state": Message.State.SUPPRESSED,
            "reason": reason[:300],
            "about": about,
            "created_at": at,
        },
    )[0]


def cancel(about: str, *, purpose: str, why: str) -> int:
    """Cancel what waits to be sent about `about`, in the caller's transaction; how many. A message in flight cannot be called back. 3 queries."""
    waiting = list(Message.objects.filter(about=about, purpose=purpose, state=Message.State.PENDING).values_list("pk", flat=True))
    due.cancel(SEND, [str(pk) for pk in waiting])
    return Message.objects.filter(pk__in=waiting, state=Message.State.PENDING).update(state=Message.State.CANCELLED, reason=why[:300])


def send(row: Due, now: datetime) -> None:
    """Hand one claimed message to its channel and write what came of it. The handler of `notify.send`."""
    message = Message.objects.select_related("recipient", "method").get(pk=int(row.key))
    if message.state != Message.State.PENDING:
        due.settle(row)
        return
    if row.expired:
        _note(message, row, now, Attempt.Outcome.UNKNOWN, text="The worker died before it wrote an outcome.")
    told = bundling.members(message) if message.purpose == Message.Purpose.BUNDLE else [message]
    if not told:
        _not_needed(row, message, now)
        return
    if waits := limits.waits_until(message, now):
        _wait(row, message, waits)
        return
    if message.purpose == Message.Purpose.BUNDLE:
        bundling.write(message, told)
    try:
        reference = CHANNELS[message.channel].send(message)
    except ChannelError as trouble:
        _failed(row, message, now, trouble)
    else:
        _sent(row, message, now, reference, told)


@transaction.atomic
def _wait(row: Due, message: Message, until: datetime) -> None:
    """Its destination has had enough for now; no attempt was made."""
    if due.put_off(row, until):
        Message.objects.filter(pk=message.pk).update(reason=limits.said())


@transaction.atomic
def _not_needed(row: Due, bundle: Message, at: datetime) -> None:
    """Everything in the bundle was cancelled before it was sent."""
    if due.settle(row):
        Message.objects.filter(pk=bundle.pk).update(state=Message.State.CANCELLED, reason="nothing in it was needed any more")
        bundling.release(bundle, at, kind=SEND)


@transaction.atomic
def _sent(row: Due, message: Message, started: datetime, reference: str, told: Sequence[Message]) -> None:
    at = clock.now()
    if not due.settle(row):
        _note(message, row, started, Attempt.Outcome.TOO_LATE, text="Handed over, but it was no longer ours to send.")
        return
    words = {"subject": message.subject, "body": message.body} if message.purpose == Message.Purpose.BUNDLE else {}
    Message.objects.filter(pk=message.pk).update(state=Message.State.SENT, sent_at=at, reference=reference[:200], **words)
    _note(message, row, started, Attempt.Outcome.SENT)
    contact.took(message.method_id)
    if message.purpose == Message.Purpose.BUNDLE:
        bundling.settle(message, told, at, kind=SEND)
    for one in told:
        _tell(one, message, at)


def _tell(one: Message, carrier: Message, at: datetime) -> None:
    """The subject's story: who was told, and by what."""
    if not one.about or one.purpose == Message.Purpose.CARRY:
        return
    is_page = one.purpose == Message.Purpose.PAGE
    beside = " with other pages" if carrier.pk != one.pk else ""
    journal.append(
        one.about,
        kind="page" if is_page else "notice",
        at=at,
        by=None,
        text=f"{'Paged' if is_page else 'Told'} {carrier.recipient} by {CHANNELS[carrier.channel].label}{beside}: handed over",
        data={"message": carrier.pk, "channel": carrier.channel, "recipient": carrier.recipient_id},
    )


@transaction.atomic
def _failed(row: Due, message: Message, started: datetime, trouble: ChannelError) -> None:
    at = clock.now()
    contact.failed(message.method_id, at, str(trouble))
    if not (trouble.permanent or _patience_is_over(message, row, at, trouble)):
        wait = RETRY[min(row.attempts, len(RETRY)) - 1] * random.uniform(0.8, 1.2)  # noqa: S311  (spreads retries)
        wait = max(wait, trouble.retry_after)
        if due.postpone(row, at + timedelta(seconds=wait), error=str(trouble)):
            _note(message, row, started, Attempt.Outcome.FAILED, code=trouble.code, text=str(trouble))
        return
    if not due.settle(row):
        return
    _note(message, row, started, Attempt.Outcome.REFUSED, code=trouble.code, text=str(trouble))
    carried = bundling.members(message) if message.purpose == Message.Purpose.BUNDLE else []
    for one in [*carried, message]:
        _give_up(one, at, trouble)


def _give_up(message: Message, at: datetime, trouble: ChannelError) -> None:
    """Said in the subject's story, and handed on to whoever knows whom to try next."""
    Message.objects.filter(pk=message.pk).update(state=Message.State.EXHAUSTED, reason=str(trouble)[:300])
    if message.about:
        journal.append(
            message.about,
            kind="page_failed" if message.purpose == Message.Purpose.PAGE else "notice_failed",
            at=at,
            by=None,
            text=f"No {CHANNELS[message.channel].label} reached {message.recipient}: {trouble}",
            data={"message": message.pk, "recipient": message.recipient_id},
        )
    answer = gave_up.get(message.purpose)
    if answer:
        answer(message, at)


def _patience_is_over(message: Message, row: Due, at: datetime, trouble: ChannelError) -> bool:
    if message.purpose in (Message.Purpose.PAGE, Message.Purpose.BUNDLE):
        return row.attempts >= PAGE_TRIES or at - message.created_at >= PAGE_PATIENCE or trouble.retry_after > PAGE_PATIENCE.total_seconds()
    return row.attempts > len(RETRY)


def _note(message: Message, row: Due, started: datetime, outcome: str, *, code: str = "", text: str = "") -> None:
    Attempt.objects.create(
        message=message, number=row.attempts, started_at=started, ended_at=clock.now(), outcome=outcome, code=code[:20], text=text[:300]
    )
