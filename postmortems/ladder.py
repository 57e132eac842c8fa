"""The ladder of reminders, as a rule of time: which rung is due when, on one person's calendar. Pure.

Rungs are days from the due date: −7, −2, 0, +3, +7, then every week. Each falls at 09:00 in the person's zone, on a working day:
on a day off, rungs up to the due date move to the working day before, later ones to the working day after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

EARLY, LATE = (-7, -2), (0, 3, 7)
WEEK = 7
LEAD_FROM = 7  # the team's leads are told too from this rung on
MORNING = time(9)
LONGEST_LEAVE = 400  # days; somebody who is never at work is reminded on the day itself

DayOff = Callable[[date], bool]


@dataclass(frozen=True)
class Ladder:
    """The rungs of one due date on one calendar.

    dated_at: when the date was set; an early rung whose moment had passed by then is not owed. early: are there rungs before the date?
    """

    due_on: date
    zone: ZoneInfo
    off: DayOff
    dated_at: datetime
    early: bool = True

    def rungs(self) -> Iterator[int]:
        """−7, −2, 0, 3, 7, 14, 21, … without end."""
        yield from EARLY if self.early else ()
        yield from LATE
        yield from count(2 * WEEK, WEEK)

    def moment_of(self, rung: int) -> datetime:
        """When a rung is due, UTC. 09:00 exists on every day of every zone's clock change in force, so no hour is skipped or doubled."""
        day, step = self.due_on + timedelta(days=rung), timedelta(days=-1 if rung <= 0 else 1)
        moved = next((other for n in range(LONGEST_LEAVE) if not self.off(other := day + n * step)), day)
        return datetime.combine(moved, MORNING, tzinfo=self.zone).astimezone(UTC)

    def owes(self, rung: int) -> bool:
        return rung >= 0 or self.moment_of(rung) > self.dated_at

    def ripe(self, now: datetime, settled: Iterable[int]) -> list[int]:
        """The owed rungs whose moment has come (included) and that are not settled, in order."""
        done, found = set(settled), []
        for rung in self.rungs():
            if self.moment_of(rung) > now:  # moments keep the order of their rungs
                break
            if rung not in done and self.owes(rung):
                found.append(rung)
        return found

    def next_moment(self, now: datetime) -> datetime:
        """The moment of the first owed rung after `now` (excluded), UTC. There always is one."""
        return next(moment for rung in self.rungs() if (moment := self.moment_of(rung)) > now and self.owes(rung))
