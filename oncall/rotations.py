"""A rule in wall-clock time becomes shifts in UTC. Pure: knows no database and no clock.

The rule is stored, never an offset: a hand-off at 09:00 stays at 09:00 over both clock changes, so one shift of a week is an hour
shorter and one an hour longer. What the two odd mornings mean, for hand-offs and for windows alike:

- a time that does not exist on its day (the clock jumps over it) is the first moment after the gap;
- a time that comes twice is the first of the two;
- a shift that begins and ends in one gap is empty and nobody's; the next one begins at the same moment.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from itertools import accumulate

WEEK = 7 * 24  # hours
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """On these weekdays (Monday is 0), from `starts` (included) to `ends` (excluded), wall clock.

    `ends` not after `starts`: until that time of the next day, so 00:00 to 00:00 is the whole day.
    """

    days: frozenset[int]
    starts: time
    ends: time

    def on(self, day: date, zone: tzinfo) -> tuple[datetime, datetime]:
        """The window that begins on `day`, UTC."""
        last = day if self.ends > self.starts else day + DAY
        return moment(day, self.starts, zone), moment(last, self.ends, zone)


@dataclass(frozen=True, slots=True)
class Rule:
    """People take turns; the first shift begins on `begins_on` at `handoff`.

    hours: lengths of shifts in wall-clock hours, gone through again and again: (168,) weekly, (24,) daily, (120, 48) weekdays and weekend.
    people: in their order; the same one may stand in it twice. Whose turn it is counts shifts, whatever the windows leave of them.
    windows: the rule covers only what lies inside one; none means always. ends_on: it covers nothing from that day's hand-off on.
    """

    zone: tzinfo
    handoff: time  # wall clock, without zone
    begins_on: date
    people: Sequence[int]
    hours: tuple[int, ...] = (WEEK,)
    windows: tuple[Window, ...] = ()
    ends_on: date | None = None

    @property
    def first(self) -> datetime:
        """The first hand-off, as the wall clock shows it."""
        return datetime.combine(self.begins_on, self.handoff)

    @property
    def begins_at(self) -> datetime:
        return moment(self.begins_on, self.handoff, self.zone)

    @property
    def ends_at(self) -> datetime | None:
        return moment(self.ends_on, self.handoff, self.zone) if self.ends_on else None


@dataclass(frozen=True, slots=True)
class Shift:
    """One person from `starts_at` (included) to `ends_at` (excluded), both UTC. `number` counts from 0 at the rule's beginning."""

    person: int
    starts_at: datetime
    ends_at: datetime
    number: int


@lru_cache(maxsize=65536)
def moment(day: date, wall: time, zone: tzinfo) -> datetime:
    """That wall-clock time as UTC. In a gap: the first moment after it. Twice: the first."""
    local = datetime.combine(day, wall, tzinfo=zone)
    utc = local.astimezone(UTC)
    if utc.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return utc
    return _end_of_gap(local, zone)


def _end_of_gap(local: datetime, zone: tzinfo) -> datetime:
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


@lru_cache(maxsize=1024)
def _cycle(hours: tuple[int, ...]) -> tuple[list[int], int]:
    """Where in its cycle each shift begins, and how long the cycle is; hours."""
    marks = [0, *accumulate(hours)]
    return marks[:-1], marks[-1]


def handoff_number(rule: Rule, number: int) -> datetime:
    """When shift `number` begins, UTC."""
    marks, cycle = _cycle(rule.hours)
    cycles, place = divmod(number, len(rule.hours))
    local = rule.first + timedelta(hours=cycles * cycle + marks[place])
    return moment(local.date(), local.time(), rule.zone)


def shift_number(rule: Rule, number: int) -> Shift:
    """The shift with that number, 0 being the first; windows and the rule's end are left aside."""
    return Shift(rule.people[number % len(rule.people)], handoff_number(rule, number), handoff_number(rule, number + 1), number)


def turn_at(rule: Rule, at: datetime) -> Shift | None:
    """Whose turn it is, by arithmetic, windows left aside. None before the first hand-off, after the end and without people."""
    if not rule.people or at < rule.begins_at or (rule.ends_at and at >= rule.ends_at):
        return None
    passed = int((at.astimezone(rule.zone).replace(tzinfo=None) - rule.first) // HOUR)
    marks, cycle = _cycle(rule.hours)
    cycles, rest = divmod(passed, cycle)
    number = cycles * len(rule.hours) + bisect_right(marks, rest) - 1
    shift = shift_number(rule, max(number, 0))
    while at >= shift.ends_at:  # the wall clock was set back since, or this shift is empty
        shift = shift_number(rule, shift.number + 1)
    while at < shift.starts_at and shift.number:
        shift = shift_number(rule, shift.number - 1)
    return shift


def shift_at(rule: Rule, at: datetime) -> Shift | None:
    """The shift that covers `at`, as long as its windows and the rule's end leave it. None where the rule covers nothing."""
    shift = turn_at(rule, at)
    if shift is None:
        return None
    starts_at, ends_at = shift.starts_at, min(shift.ends_at, rule.ends_at or shift.ends_at)
    if rule.windows:
        around = open_times(rule, at - 8 * DAY, at + 8 * DAY)  # a week ahead, so that whole days join
        covering = next((span for span in around if span[0] <= at < span[1]), None)
        if covering is None:
            return None
        starts_at, ends_at = max(starts_at, covering[0]), min(ends_at, covering[1])
    return Shift(shift.person, starts_at, ends_at, shift.number)


def turns(rule: Rule, start: datetime, end: datetime) -> Iterator[Shift]:
    """Every turn that touches [start, end), in order, as the rule has it: not cut by windows, nor at the edges."""
    if not rule.people or start >= end or (rule.ends_at and start >= rule.ends_at):
        return
    shift = turn_at(rule, start) or shift_number(rule, 0)
    stop = min(end, rule.ends_at) if rule.ends_at else end
    while shift.starts_at < stop:
        if shift.ends_at > max(start, shift.starts_at):
            yield shift
        shift = shift_number(rule, shift.number + 1)


def open_times(rule: Rule, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """The spans of the rule's windows that touch [start, end), joined where they meet, in order."""
    day, last = (start.astimezone(rule.zone) - 2 * DAY).date(), (end.astimezone(rule.zone) + DAY).date()
    found = []
    while day <= last:
        found += [window.on(day, rule.zone) for window in rule.windows if day.weekday() in window.days]
        day += DAY
    joined: list[tuple[datetime, datetime]] = []
    for opens, closes in sorted(span for span in found if span[0] < span[1]):
        if joined and opens <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(closes, joined[-1][1]))
        else:
            joined.append((opens, closes))
    return [span for span in joined if span[0] < end and span[1] > start]


def shifts(rule: Rule, start: datetime, end: datetime) -> Iterator[Shift]:
    """What the rule covers of [start, end): turns cut by its windows and its end, uncut at the edges of the question, in order."""
    windows = open_times(rule, start, end) if rule.windows else []
    for turn in turns(rule, start, end):
        ends_at = min(turn.ends_at, rule.ends_at or turn.ends_at)
        if not rule.windows:
            yield Shift(turn.person, turn.starts_at, ends_at, turn.number)
            continue
        for opens, closes in windows:
            cut = Shift(turn.person, max(turn.starts_at, opens), min(ends_at, closes), turn.number)
            if cut.starts_at < cut.ends_at and cut.ends_at > start and cut.starts_at < end:
                yield cut
