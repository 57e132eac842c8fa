"""Charts as numbers for an inline SVG. The words stand in the page beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, FOOT = 600, 160, 20  # of the view box; the foot holds the names


@dataclass(frozen=True, slots=True)
class Bar:
    """series: which of the numbers of its name, from 0."""

    series: int
    value: int
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    middle: float
    bars: list[Bar]


def bars(rows: Sequence[tuple[str, Sequence[int]]], last: int = 12) -> list[Column]:
    """One column a name with a bar for each of its numbers, the newest `last` of them; empty without any."""
    rows = rows[-last:]
    highest = max((value for _, values in rows for value in values), default=0) or 1
    room = WIDTH / max(len(rows), 1)
    found = []
    for number, (name, values) in enumerate(rows):
        wide = min(room * 0.8 / max(len(values), 1), 36)
        left = number * room + (room - wide * len(values)) / 2
        drawn = []
        for series, value in enumerate(values):
            height = round((HEIGHT - FOOT - 16) * value / highest, 1)
            drawn.append(Bar(series, value, round(left + series * wide, 1), round(HEIGHT - FOOT - height, 1), round(wide - 2, 1), height))
        found.append(Column(name, round(number * room + room / 2, 1), drawn))
    return found
