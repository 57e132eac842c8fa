"""A rule in wall-clock time becomes shifts in UTC. Pure: knows no database and no clock.

The rule is stored, never an offset: a hand-off at 09:00 stays at 09:00 over both clock changes, so one shift of a week is an hour
shorter and one an hour longer. A hand-off time that does not exist on its day (the clock jumps over it) means the first moment
after the gap; one that comes twice means the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Rule:
    """People take turns, each for `weeks` weeks, from `begins_on` on; `begins_on` is the day of the first hand-off.

    people: in their order; the same one may stand in it twice.
    """

    zone: ZoneInfo
    handoff: time  # wall clock, without zone
    weeks: int
    begins_on: date
    people: Sequence[int]


@dataclass(frozen=True, slots=True)
class Shift:
    """One person from `starts_at` (included) to `ends_at` (excluded), both UTC. `number` counts from 0 at the rule's beginning."""

    person: int
    starts_at: datetime
    ends_at: datetime
    number: int


def moment(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """That wall-clock time as UTC. In a gap: the first moment after it. Twice: the first."""
    local = datetime.combine(day, wall, tzinfo=zone)
    utc = local.astimezone(UTC)
    if utc.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return utc
    return _end_of_gap(local, zone)


def _end_of_gap(local: datetime, zone: ZoneInfo) -> datetime:
    """The UTC moment at which the clock jumps over `local`: between its readings with the offset before and after the jump."""
    before, after = sorted(local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def shift_number(rule: Rule, number: int) -> Shift:
    """The shift with that number, 0 being the first."""
    length = timedelta(weeks=rule.weeks)
    starts = moment(rule.begins_on + number * length, rule.handoff, rule.zone)
    ends = moment(rule.begins_on + (number + 1) * length, rule.handoff, rule.zone)
    return Shift(rule.people[number % len(rule.people)], starts, ends, number)


def shift_at(rule: Rule, at: datetime) -> Shift | None:
    """Whose turn it is, by arithmetic. None before the first hand-off and without people."""
    if not rule.people:
        return None
    days = (at.astimezone(rule.zone).date() - rule.begins_on).days
    number = max(days // (7 * rule.weeks), 0)
    for candidate in (number, number - 1):  # on the day of a hand-off it may still be the one before
        if candidate >= 0:
            shift = shift_number(rule, candidate)
            if shift.starts_at <= at < shift.ends_at:
                return shift
    return None


def shifts(rule: Rule, start: datetime, end: datetime) -> Iterator[Shift]:
    """Every shift that touches [start, end), in order, uncut."""
    if not rule.people or start >= end:
        return
    shift = shift_at(rule, start) or shift_number(rule, 0)
    while shift.starts_at < end:
        if shift.ends_at > start:
            yield shift
        shift = shift_number(rule, shift.number + 1)
