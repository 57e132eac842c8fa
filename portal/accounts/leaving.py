"""Switching a person off asks who takes over. The frame knows no rotations, so the packages that have them put their duties on this shelf."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.db import transaction

from portal.accounts import people
from portal.accounts.models import User
from portal.errors import DomainError, Invalid
from portal.shelves import Shelf


class HandsOver(Protocol):
    def __call__(self, person: User, to: User, *, by: User, at: datetime) -> int: ...


@dataclass(frozen=True, slots=True)
class Duty:
    """What a person may hold. held: one sentence for each. hand_over: gives it all to `to`, in the caller's transaction; how many.

    must: nobody is switched off while they hold it, unless somebody takes it over.
    """

    held: Callable[[User, datetime], list[str]]
    hand_over: HandsOver
    must: bool = True


duties: Shelf[Duty] = Shelf("duties of people")


class NobodyTakesOver(DomainError):
    """They hold what somebody has to hold."""

    code = "nobody_takes_over"


def held(person: User, now: datetime, *, only_must: bool = False) -> list[str]:
    """What they would leave behind, a sentence each. About 6 queries."""
    return [said for _, duty in duties if duty.must or not only_must for said in duty.held(person, now)]


@transaction.atomic
def hand_over(person: User, to: User | None, *, by: User, at: datetime) -> int:
    """Give away what `person` holds, before they are switched off; how many things. Raises: NobodyTakesOver; Invalid, `to` cannot."""
    if to is None:
        if left := held(person, at, only_must=True):
            raise NobodyTakesOver(f"{person} cannot be switched off before somebody takes over: {'; '.join(left)}.")
        return 0
    if to.pk == person.pk or not to.is_active or to.is_service:
        raise Invalid("Choose somebody else who is active to take over.")
    return sum(duty.hand_over(person, to, by=by, at=at) for _, duty in duties)


@transaction.atomic
def switch_off(person_id: int, to: User | None, *, by: User, at: datetime) -> User:
    """They sign in no more and are on call no more; `to` has what they held. Raises: DomainError, Invalid, NobodyTakesOver."""
    person = User.objects.select_for_update().get(pk=person_id)
    if person.pk == by.pk:
        raise Invalid("Ask another administrator to switch your own account off.")
    hand_over(person, to, by=by, at=at)
    return people.change(person, {"is_active": False})
