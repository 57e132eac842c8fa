"""Whose shifts moved: the difference between two states of a rotation, told to everybody it touches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings

from oncall import schedule
from oncall.models import Rotation
from oncall.rota import Loaded
from portal.accounts.models import User
from portal.notify import outbox
from portal.notify.models import Message

Spans = list[tuple[datetime, datetime]]
LOOKS_AHEAD = timedelta(days=60)
LISTED = 12  # shifts named in one mail


@dataclass(frozen=True, slots=True)
class Moved:
    """One person's shifts, before and after."""

    before: Spans
    after: Spans


def shifts_of(loaded: Loaded, now: datetime) -> dict[int, Spans]:
    """Everybody's shifts in the next 60 days, joined where one follows another. 0 queries."""
    found: dict[int, Spans] = defaultdict(list)
    for answer in schedule.answers(loaded.plan, now, now + LOOKS_AHEAD):
        for person in answer.people:
            mine = found[person]
            if mine and mine[-1][1] == answer.starts_at:
                mine[-1] = (mine[-1][0], answer.ends_at)
            else:
                mine.append((answer.starts_at, answer.ends_at))
    return found


def differences(before: dict[int, Spans], after: dict[int, Spans]) -> dict[int, Moved]:
    """By person, for those whose shifts are not the same."""
    return {
        person: Moved(before.get(person, []), after.get(person, []))
        for person in sorted({*before, *after})
        if before.get(person, []) != after.get(person, [])
    }


def tell(rotation: Rotation, moved: dict[int, Moved], *, by: User | None, at: datetime, why: str, quiet_for: Iterable[int] = ()) -> list[User]:
    """A mail with the difference to everybody it touches, in their own zone; who gets one. In the caller's transaction."""
    people = User.objects.filter(pk__in=set(moved) - set(quiet_for), is_active=True).order_by("name")
    told = list(people)
    for person in told:
        body = _body(rotation, person, moved[person.pk], by, why)
        digest = sha256(body.encode()).hexdigest()[:16]
        outbox.queue(
            person,
            channel="email",
            purpose=Message.Purpose.NOTICE,
            subject=f"Your shifts in “{rotation}” changed",
            body=body,
            dedup_key=f"shifts-moved:{rotation.pk}:{person.pk}:{at:%Y%m%d%H%M%S}:{digest}",
            at=at,
            about=f"rotation:{rotation.pk}",
            priority=2,
        )
    return told


def _body(rotation: Rotation, person: User, moved: Moved, by: User | None, why: str) -> str:
    lines = [f"{why}{f' (by {by})' if by else ''}. Your shifts in the next 60 days, in {person.time_zone}:", ""]
    gone = [span for span in moved.before if span not in moved.after]
    new = [span for span in moved.after if span not in moved.before]
    lines += [f"  no longer: {say(span, person)}" for span in gone[:LISTED]] + [f"  new:       {say(span, person)}" for span in new[:LISTED]]
    left = max(len(gone) - LISTED, 0) + max(len(new) - LISTED, 0)
    lines += [f"  and {left} more"] if left else []
    next_one = moved.after[0] if moved.after else None
    lines += ["", f"Your next shift: {say(next_one, person)}" if next_one else "You have no shift left in the next 60 days."]
    return "\n".join([*lines, f"{settings.BASE_URL}/oncall/rotations/{rotation.pk}/"])


def say(span: tuple[datetime, datetime], person: User) -> str:
    """`Mon 30 Nov 09:00 to Mon 7 Dec 09:00 (7 days)` in the person's zone; an odd length in hours."""
    opens, closes = (at.astimezone(person.zone) for at in span)
    hours = (span[1] - span[0]) / timedelta(hours=1)
    length = f"{hours / 24:g} days" if hours % 24 == 0 else f"{hours:g} h"
    return f"{opens:%a} {opens.day} {opens:%b %H:%M} to {closes:%a} {closes.day} {closes:%b %H:%M} ({length})"
