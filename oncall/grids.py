"""A calendar of rotations by days: who answers on each, in the reader's own zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from oncall import rota
from oncall.models import Rotation
from portal.accounts.models import User

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of one rotation: everybody who answers on it, in order of time. `has_gap`: at some time nobody does."""

    day: date
    people: Sequence[User]
    has_gap: bool


@dataclass(frozen=True, slots=True)
class Grid:
    days: Sequence[date]
    rows: Sequence[tuple[Rotation, Sequence[Cell]]]


def lay_out(first: date, count: int, zone: ZoneInfo) -> Grid:
    """`count` days from `first` on, of every rotation. 6 queries."""
    days = [first + n * DAY for n in range(count)]
    edges = [datetime.combine(day, time(0), tzinfo=zone).astimezone(UTC) for day in [*days, days[-1] + DAY]]
    rows = []
    for rotation, spans in rota.coming(edges[0], edges[-1]):
        cells = []
        for day, begins, ends in zip(days, edges, edges[1:], strict=False):
            touching = [span for span in spans if span.starts_at < ends and span.ends_at > begins]
            people = list(dict.fromkeys(person for span in touching for person in span.people))
            cells.append(Cell(day, people, any(not span.people for span in touching)))
        rows.append((rotation, cells))
    return Grid(days, rows)
