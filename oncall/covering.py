"""Cover a shift, put somebody else in, offer a shift for a swap that the other accepts. Each is one override; everybody touched is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from oncall import moving, rota, schedule
from oncall.models import Override, Rotation, Swap
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.errors import DomainError, Invalid
from portal.locking import locked_one
from portal.notify import outbox
from portal.notify.models import Message

LONGEST, FARTHEST = timedelta(days=366), timedelta(days=5 * 366)


class AlreadyAnswered(DomainError):
    """The swap was accepted, declined or withdrawn before."""

    code = "already_answered"


@contextmanager
def telling(rotation_id: int, *, by: User, at: datetime, why: str) -> Iterator[Rotation]:
    """Around a change of a rotation, in one transaction: whose shifts moved is told."""
    with transaction.atomic():
        rotation = Rotation.objects.select_for_update().get(pk=rotation_id)
        mine = Rotation.objects.filter(pk=rotation_id)
        before = moving.shifts_of(rota.load(at, at + moving.LOOKS_AHEAD, mine)[0], at)
        yield rotation
        after = moving.shifts_of(rota.load(at, at + moving.LOOKS_AHEAD, mine)[0], at)
        moving.tell(rotation, moving.differences(before, after), by=by, at=at, why=why, quiet_for=[by.pk])


def write(
    rotation_id: int, kind: str, person: User, starts_at: datetime, ends_at: datetime, *, by: User, at: datetime, reason: str = "", why: str = ""
) -> Override:
    """An override as it stands; the caller asked whether `by` may. Raises: Invalid, the span or the person do not fit."""
    _check_span(starts_at, ends_at, at)
    check_person(person)
    told = why or f"{person} {Override.Kind(kind).label}"
    with telling(rotation_id, by=by, at=at, why=told) as rotation:
        return Override.objects.create(
            rotation=rotation, kind=kind, person=person, starts_at=starts_at, ends_at=ends_at, reason=reason.strip()[:200], by=by, written_at=at
        )


def cover(rotation_id: int, starts_at: datetime, ends_at: datetime, *, by: User, at: datetime, reason: str = "") -> Override:
    """`by` answers instead of whoever would. Anyone may. Raises: Invalid."""
    return write(rotation_id, Override.Kind.REPLACE, by, starts_at, ends_at, by=by, at=at, reason=reason, why=f"{by} covers")


def withdraw(override: Override, *, by: User, at: datetime) -> None:
    """The override is gone; the rule answers again."""
    with telling(override.rotation_id, by=by, at=at, why=f"An override for {override.person} was taken back"):
        override.delete()


def offer(
    rotation_id: int,
    taker: User,
    starts_at: datetime,
    ends_at: datetime,
    *,
    by: User,
    at: datetime,
    return_starts_at: datetime | None = None,
    return_ends_at: datetime | None = None,
    message: str = "",
) -> Swap:
    """`by` asks `taker` to have their shift, perhaps for one of the taker's. Nothing changes before the taker accepts. Raises: Invalid."""
    _check_span(starts_at, ends_at, at)
    check_person(taker)
    if taker == by:
        raise Invalid("Choose somebody else: you have this shift already.")
    _check_has(rotation_id, by, starts_at, ends_at, "That is not wholly your shift: choose a time in which you are on call.")
    if return_starts_at and return_ends_at:
        _check_span(return_starts_at, return_ends_at, at)
        _check_has(rotation_id, taker, return_starts_at, return_ends_at, f"In exchange choose a time in which {taker} is on call.")
    with transaction.atomic():
        swap = Swap.objects.create(
            rotation_id=rotation_id,
            giver=by,
            taker=taker,
            starts_at=starts_at,
            ends_at=ends_at,
            return_starts_at=return_starts_at,
            return_ends_at=return_ends_at,
            message=message.strip()[:300],
            offered_at=at,
        )
        _tell_taker(swap, at)
    return swap


def accept(swap_id: int, *, by: User, at: datetime) -> Swap:
    """The taker has the shift now, and the giver the one in exchange. Raises: AlreadyAnswered; Invalid, the shift is over or not theirs to give."""
    swap = Swap.objects.select_related("rotation", "giver", "taker").get(pk=swap_id)
    with telling(swap.rotation_id, by=by, at=at, why=f"{swap.taker} takes a shift of {swap.giver}"):
        swap = _open(swap_id)
        if swap.ends_at <= at:
            raise Invalid("That shift is over.")
        begins = max(swap.starts_at, at)
        _check_has(swap.rotation_id, swap.giver, begins, swap.ends_at, f"{swap.giver} no longer has that shift.")
        spans = [(swap.taker, begins, swap.ends_at)]
        if swap.return_starts_at and swap.return_ends_at and swap.return_ends_at > at:
            spans.append((swap.giver, max(swap.return_starts_at, at), swap.return_ends_at))
        for person, starts_at, ends_at in spans:
            why = f"Swap of {swap.giver} and {swap.taker}"[:200]
            Override.objects.create(rotation=swap.rotation, person=person, starts_at=starts_at, ends_at=ends_at, reason=why, by=by, written_at=at)
        return _settle(swap, Swap.State.ACCEPTED, at)


def decline(swap_id: int, *, by: User, at: datetime) -> Swap:
    """Nothing changes; the giver is told. Raises: AlreadyAnswered."""
    with transaction.atomic():
        swap = _settle(_open(swap_id), Swap.State.DECLINED, at)
        _mail(swap.giver, f"{swap.taker} cannot take your shift", f"{moving.say((swap.starts_at, swap.ends_at), swap.giver)} stays yours.", swap, at)
    return swap


def take_back(swap_id: int, *, by: User, at: datetime) -> Swap:
    """The giver no longer asks. Raises: AlreadyAnswered."""
    with transaction.atomic():
        return _settle(_open(swap_id), Swap.State.WITHDRAWN, at)


def _open(swap_id: int) -> Swap:
    swap = locked_one(Swap.objects.select_related("rotation", "giver", "taker"), swap_id)
    if swap.state != Swap.State.OFFERED:
        raise AlreadyAnswered(f"This swap was {swap.get_state_display().lower()} already.")
    return swap


def _settle(swap: Swap, state: str, at: datetime) -> Swap:
    swap.state, swap.answered_at = state, at
    swap.save(update_fields=["state", "answered_at"])
    return swap


def _check_span(starts_at: datetime, ends_at: datetime, at: datetime) -> None:
    if ends_at <= starts_at:
        raise Invalid("It ends before it begins: choose a later end.")
    if ends_at <= at:
        raise Invalid("That time is over: choose an end in the future.")
    if ends_at - at > FARTHEST:
        raise Invalid("That is more than five years ahead: choose an earlier time.")
    if ends_at - starts_at > LONGEST:
        raise Invalid("That is more than a year: change the rotation instead.")


def check_person(person: User) -> None:
    """Raises: Invalid, they cannot be on call."""
    if not person.is_active or person.is_service or not person.at_least(Role.RESPONDER):
        raise Invalid(f"{person} cannot be on call: only active people with the role responder or above can.")


def _check_has(rotation_id: int, person: User, starts_at: datetime, ends_at: datetime, otherwise: str) -> None:
    [loaded] = rota.load(starts_at, ends_at, Rotation.objects.filter(pk=rotation_id))
    if not all(person.pk in answer.people for answer in schedule.answers(loaded.plan, starts_at, ends_at)):
        raise Invalid(otherwise)


def _tell_taker(swap: Swap, at: datetime) -> None:
    lines = [f"{swap.giver} asks you to take this shift in “{swap.rotation}”:", "", f"  {moving.say((swap.starts_at, swap.ends_at), swap.taker)}"]
    if swap.return_starts_at and swap.return_ends_at:
        lines += ["", "and takes this one of yours:", "", f"  {moving.say((swap.return_starts_at, swap.return_ends_at), swap.taker)}"]
    if swap.message:
        lines += ["", swap.message]
    lines += ["", "Nothing changes until you accept:"]
    _mail(swap.taker, f"{swap.giver} offers you a shift", "\n".join(lines), swap, at)


def _mail(person: User, subject: str, body: str, swap: Swap, at: datetime) -> None:
    outbox.queue(
        person,
        channel="email",
        purpose=Message.Purpose.NOTICE,
        subject=subject,
        body=f"{body}\n{settings.BASE_URL}/oncall/swaps/{swap.pk}/",
        dedup_key=f"swap:{swap.pk}:{swap.state}:{person.pk}",
        at=at,
        about=f"rotation:{swap.rotation_id}",
        priority=2,
    )
