"""Short texts for rules, as people type and read them: lengths of shifts and windows of a week. Pure.

Lengths: `1w`, `1d`, `2w`, `5d 2d`, `12h`. Windows: `Mon-Fri 09:00-17:00; Sat,Sun 10:00-14:00`; without days every day.
"""

from __future__ import annotations

import re
from datetime import time
from functools import lru_cache

from oncall.rotations import Window

UNITS = {"w": 7 * 24, "d": 24, "h": 1}
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LONGEST = 26 * 7 * 24  # hours
_WINDOW = re.compile(r"^(?:(?P<days>[a-z,\- ]+?)\s+)?(?P<starts>\d{1,2}:\d{2})\s*(?:-|–|to)\s*(?P<ends>\d{1,2}:\d{2})$")


class Unreadable(ValueError):
    """What was typed is not such a text; the sentence says what to write."""


@lru_cache(maxsize=1024)
def read_lengths(text: str) -> tuple[int, ...]:
    """`5d 2d` → (120, 48) hours. Raises: Unreadable."""
    words = text.lower().replace(",", " ").split()
    if not words or len(words) > 50:
        raise Unreadable("Write how long a shift lasts, such as 1w, 1d, 12h, or 5d 2d for weekdays and weekend.")
    return tuple(_length(word) for word in words)


def _length(word: str) -> int:
    if not re.fullmatch(r"\d{1,4}[wdh]", word, re.ASCII):
        raise Unreadable(f"“{word}” is not a length: write a number with w, d or h, such as 1w, 5d or 12h.")
    hours = int(word[:-1]) * UNITS[word[-1]]
    if not 1 <= hours <= LONGEST:
        raise Unreadable(f"“{word}”: a shift lasts from 1 hour to 26 weeks.")
    return hours


def write_lengths(hours: tuple[int, ...]) -> str:
    """(120, 48) → `5d 2d`."""
    return " ".join(next(f"{count // size}{unit}" for unit, size in UNITS.items() if count % size == 0) for count in hours)


def say_lengths(hours: tuple[int, ...]) -> str:
    """As a sentence's part: `one week`, `3 days`, `5 days, then 2 days`."""
    return ", then ".join(_say(count) for count in hours)


def _say(hours: int) -> str:
    for unit, size in (("week", 7 * 24), ("day", 24), ("hour", 1)):
        if hours % size == 0:
            return f"one {unit}" if hours == size else f"{hours // size} {unit}s"
    raise AssertionError


@lru_cache(maxsize=1024)
def read_windows(text: str) -> tuple[Window, ...]:
    """Windows parted by semicolons or lines; none for an empty text. Raises: Unreadable."""
    parts = [part.strip().lower() for part in re.split(r"[;\n]", text) if part.strip()]
    if len(parts) > 30:
        raise Unreadable("At most 30 windows.")
    return tuple(_window(part) for part in parts)


def _window(part: str) -> Window:
    found = _WINDOW.match(part)
    if not found:
        raise Unreadable(f"“{part}” is not a window: write days and times such as Mon-Fri 09:00-17:00.")
    return Window(_days(found["days"] or "mon-sun"), _time(found["starts"]), _time(found["ends"]))


def _days(text: str) -> frozenset[int]:
    days: set[int] = set()
    for piece in re.split(r"[,\s]+", text.strip()):
        first, _, last = piece.partition("-")
        begin, end = _day(first), _day(last or first)
        days |= {day % 7 for day in range(begin, (end if end >= begin else end + 7) + 1)}
    return frozenset(days)


def _day(word: str) -> int:
    if len(word) < 3 or not any(name.startswith(word) for name in NAMES):
        raise Unreadable(f"“{word}” is not a weekday: write Mon, Tue, Wed, Thu, Fri, Sat or Sun.")
    return DAYS.index(word[:3])


def _time(text: str) -> time:
    hours, minutes = map(int, text.split(":"))
    if (hours, minutes) == (24, 0):
        return time(0)
    if hours > 23 or minutes > 59:
        raise Unreadable(f"“{text}” is not a time of day.")
    return time(hours, minutes)
