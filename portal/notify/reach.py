"""By which of their methods a person is reached, and what comes next when one fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from portal.accounts.models import User
from portal.notify import outbox
from portal.notify.contact import ContactMethod, OwnRule, QuietHours
from portal.notify.models import Message

FIRST, SECOND, ALL = "first", "second", "all"
BREAKS_QUIET = 1  # severity


@dataclass(frozen=True, slots=True)
class Ways:
    """How a person would be reached. `methods` in order; None in it is the account's own e-mail, which everybody has.

    quiet_until: their quiet hours hold until then, and the page is not sent.
    """

    methods: Sequence[ContactMethod | None]
    quiet_until: datetime | None = None


def ways(person: User, *, severity: int, at: datetime, by: str = FIRST) -> Ways:
    """The methods for a page now. by: their first, their second (or the first, where there is one only), or all. 3 queries."""
    return Ways(_chosen(_ordered(person, severity, at), by), quiet_until(person, severity, at))


def _chosen(ordered: list[ContactMethod | None], by: str) -> list[ContactMethod | None]:
    return ordered if by == ALL else ordered[1:2] or ordered[:1] if by == SECOND else ordered[:1]


def _ordered(person: User, severity: int, at: datetime) -> list[ContactMethod | None]:
    """What the person's own rules say, then every other verified method; the account's e-mail where nothing else is known."""
    usable = list(ContactMethod.objects.filter(owner=person).usable())
    known = {method.pk: method for method in usable}
    clock = at.astimezone(person.zone).time()
    ruled = [rule for rule in OwnRule.objects.filter(owner=person, method__in=known) if _applies(rule, severity, clock)]
    exact = [rule for rule in ruled if rule.severity == severity] or ruled
    first = list(dict.fromkeys(rule.method_id for rule in sorted(exact, key=lambda rule: (rule.order, rule.pk))))
    ordered: list[ContactMethod | None] = [known[pk] for pk in first]
    ordered += [method for method in usable if method.pk not in first]
    return ordered or [None]


def _applies(rule: OwnRule, severity: int, clock: time) -> bool:
    in_time = rule.starts is None or rule.ends is None or between(clock, rule.starts, rule.ends)
    return in_time and rule.severity in (None, severity)


def between(clock: time, starts: time, ends: time) -> bool:
    """From `starts` (included) to `ends` (excluded), over midnight when `ends` is not later."""
    return starts <= clock < ends if starts < ends else clock >= starts or clock < ends


def quiet_until(person: User, severity: int, at: datetime) -> datetime | None:
    """When the person's quiet hours end, while they hold for this severity (1-4). 1 query, none for SEV1."""
    quiet = None if severity <= BREAKS_QUIET else QuietHours.objects.filter(owner=person).first()
    local = at.astimezone(person.zone)
    if quiet is None or not between(local.time(), quiet.starts, quiet.ends):
        return None
    ends = datetime.combine(local.date(), quiet.ends, tzinfo=person.zone)
    return (ends if ends > local else ends + timedelta(days=1)).astimezone(UTC)


def next_way(message: Message, at: datetime) -> Message | None:
    """The same message by the next method of its person that this chain has not tried; None: there is none left.

    In the transaction in which the message was given up. Keeps the priority of a page: it goes first. 3 queries.
    """
    if not message.chain:
        return None
    tried: set[int | None] = set(Message.objects.filter(chain=message.chain).values_list("method_id", flat=True))
    usable: list[ContactMethod | None] = [*ContactMethod.objects.filter(owner=message.recipient_id).usable(), None]
    left = [method for method in usable if (method.pk if method else None) not in tried and not _same_mailbox(method, message, tried)]
    if not left:
        return None
    return outbox.queue(
        message.recipient,
        channel=left[0].kind if left[0] else "email",
        method=left[0],
        purpose=message.purpose,
        subject=message.subject,
        body=message.body,
        dedup_key=f"{message.chain}:{left[0].pk if left[0] else 'account'}",
        chain=message.chain,
        at=at,
        about=message.about,
        priority=0,
        practice=message.practice,
        link=message.link,
    )


def _same_mailbox(method: ContactMethod | None, message: Message, tried: set[int | None]) -> bool:
    """The account's own e-mail, while a method with that very address was tried already."""
    if method is not None:
        return False
    addresses = ContactMethod.objects.filter(pk__in=[pk for pk in tried if pk], kind=ContactMethod.Kind.EMAIL)
    return any(other.address.lower() == message.recipient.email.lower() for other in addresses)
