"""Read calendars of other tools (RFC 5545): events as spans in UTC, and every error with the file and its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

import recurring_ical_events
from icalendar import Calendar

from portal.errors import Invalid

LARGEST = 2_000_000  # bytes
MOST = 5_000  # events, recurring ones expanded
PROBLEMS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Event:
    """One event, [starts_at, ends_at) in UTC. line: where it begins in its file. people: what may name somebody, the likeliest first."""

    uid: str
    starts_at: datetime
    ends_at: datetime
    summary: str
    people: tuple[str, ...]
    line: int
    is_busy: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, with the line of the file (from 1)."""

    file: str
    line: int
    says: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.says}"


class Unreadable(Invalid):
    """Nothing was imported; `problems` says why, each with file and line."""

    code = "calendar_unreadable"

    def __init__(self, problems: list[Problem]) -> None:
        more = f"\nand {len(problems) - PROBLEMS_SHOWN} more" if len(problems) > PROBLEMS_SHOWN else ""
        super().__init__("\n".join(map(str, problems[:PROBLEMS_SHOWN])) + more)
        self.problems = problems


def read(raw: bytes, file: str, *, start: datetime, end: datetime, zone: tzinfo) -> list[Event]:
    """Events that touch [start, end), in order of time, recurring ones expanded.

    zone: for times without one and for whole days. Raises: Unreadable, nothing is taken from a calendar with a single bad event.
    """
    lines = _lines(raw, file)
    blocks = _blocks(lines, file)
    try:
        calendar = Calendar.from_ical("\r\n".join(text for _, text in lines) + "\r\n")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as wrong:
        raise Unreadable([Problem(file, _line_of(str(wrong), lines), f"not an iCalendar file: {_short(wrong)}")]) from wrong
    _check_events(calendar, blocks, lines, file)
    return _expanded(calendar, blocks, file, start, end, zone)


def _lines(raw: bytes, file: str) -> list[tuple[int, str]]:
    """(number, unfolded text) of each content line. Raises: Unreadable."""
    if len(raw) > LARGEST:
        raise Unreadable([Problem(file, 1, f"larger than {LARGEST // 1_000_000} MB")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise Unreadable([Problem(file, raw[: wrong.start].count(b"\n") + 1, "not UTF-8 text")]) from wrong
    if "\0" in text:
        raise Unreadable([Problem(file, text[: text.index("\0")].count("\n") + 1, "a NUL character")])
    found: list[tuple[int, str]] = []
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        if line[:1] in (" ", "\t") and found:
            found[-1] = (found[-1][0], found[-1][1] + line[1:])
        elif line.strip():
            found.append((number, line))
    problems = [Problem(file, number, f"not a property: “{line[:40]}”") for number, line in found if not re.match(r"[A-Za-z0-9\-]+[;:]", line)]
    if not found:
        raise Unreadable([Problem(file, 1, "the file is empty")])
    if problems:
        raise Unreadable(problems)
    return found


def _blocks(lines: list[tuple[int, str]], file: str) -> list[tuple[int, int]]:
    """First and last line of each VEVENT, in order. Raises: Unreadable, what begins does not end."""
    open_: list[tuple[str, int]] = []
    found = []
    for number, text in lines:
        name, _, value = text.partition(":")
        if name.upper() == "BEGIN":
            open_.append((value.strip().upper(), number))
        elif name.upper() == "END":
            if not open_ or open_[-1][0] != value.strip().upper():
                raise Unreadable([Problem(file, number, f"END:{value.strip()[:30]} ends nothing that began")])
            kind, began = open_.pop()
            found += [(began, number)] if kind == "VEVENT" else []
    if open_:
        raise Unreadable([Problem(file, open_[-1][1], f"BEGIN:{open_[-1][0][:30]} has no end")])
    return found


def _check_events(calendar: Any, blocks: list[tuple[int, int]], lines: list[tuple[int, str]], file: str) -> None:
    """Raises: Unreadable, a property of an event cannot be read, or it has no beginning, or it ends before that."""
    problems = []
    for event, (first, last) in zip(calendar.walk("VEVENT"), blocks, strict=False):
        for name, says in event.errors:
            number = next((n for n, text in lines if first <= n <= last and text.upper().startswith(str(name).upper())), first)
            problems.append(Problem(file, number, f"{name} cannot be read: {_short(says)}"))
        twice = next((name for name in ("DTSTART", "DTEND", "DURATION", "RRULE", "SUMMARY", "UID") if isinstance(event.get(name), list)), "")
        if twice:
            problems.append(Problem(file, first, f"{twice} stands twice in the event"))
        elif not event.errors and "DTSTART" not in event:
            problems.append(Problem(file, first, "the event has no DTSTART"))
        elif not event.errors and "DTEND" in event and _before(event["DTEND"].dt, event["DTSTART"].dt):
            problems.append(Problem(file, first, "the event ends before it begins"))
    if problems:
        raise Unreadable(problems)


def _before(end: Any, start: Any) -> bool:
    if isinstance(end, datetime) != isinstance(start, datetime):
        return False
    if isinstance(end, datetime) and (end.tzinfo is None) != (start.tzinfo is None):
        return False
    return bool(end < start)


def _expanded(calendar: Any, blocks: list[tuple[int, int]], file: str, start: datetime, end: datetime, zone: tzinfo) -> list[Event]:
    for number, event in enumerate(calendar.walk("VEVENT")):
        event.add("X-STANDBY-LINE", str(blocks[number][0] if number < len(blocks) else 1))
    found = []
    try:
        for event in _occurrences(calendar, start, end):
            found.append(_event(event, zone))
            if len(found) > MOST:
                raise Unreadable([Problem(file, _line(event), f"more than {MOST} events in the time that is read")])
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, IndexError, ArithmeticError) as wrong:
        raise Unreadable([Problem(file, _first_that_breaks(calendar, start, end), f"the event cannot be read: {_short(wrong)}")]) from wrong
    return sorted((event for event in found if event.starts_at < event.ends_at), key=lambda event: (event.starts_at, event.uid))


def _occurrences(calendar: Any, start: datetime, end: datetime) -> Iterator[Any]:
    yield from recurring_ical_events.of(calendar, skip_bad_series=False).between(start, end)


def _first_that_breaks(calendar: Any, start: datetime, end: datetime) -> int:
    """The line of the first event that cannot be expanded by itself."""
    for event in calendar.walk("VEVENT"):
        alone: Any = Calendar()
        for zone in calendar.walk("VTIMEZONE"):
            alone.add_component(zone)
        alone.add_component(event)
        try:
            list(_occurrences(alone, start, end))
        except Exception:  # noqa: BLE001  (whatever the library raises, this is the event)
            return _line(event)
    return 1


def _event(event: Any, zone: tzinfo) -> Event:
    starts = event["DTSTART"].dt
    ends = event["DTEND"].dt if "DTEND" in event else starts + (event["DURATION"].dt if "DURATION" in event else _usual(starts))
    starts_at, ends_at = _utc(starts, zone), _utc(ends, zone)
    busy = str(event.get("TRANSP", "OPAQUE")).upper() != "TRANSPARENT" and str(event.get("STATUS", "")).upper() != "CANCELLED"
    summary = str(event.get("SUMMARY", ""))
    uid = str(event.get("UID", "")) or f"{summary[:60]}"
    return Event(f"{uid[:120]}@{starts_at:%Y%m%dT%H%M%SZ}", starts_at, ends_at, summary, _people(event, summary), _line(event), busy)


def _usual(starts: date | datetime) -> timedelta:
    """An event with a day and no end is that day; one with a time and no end is no time at all."""
    return timedelta(0) if isinstance(starts, datetime) else timedelta(days=1)


def _utc(moment: date | datetime, zone: tzinfo) -> datetime:
    at = moment if isinstance(moment, datetime) else datetime.combine(moment, time(0))
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def _people(event: Any, summary: str) -> tuple[str, ...]:
    """Texts that may name somebody: attendees, addresses in the title, parts of the title, the title itself, the organiser."""
    found = _named(event, "ATTENDEE")
    parts = [part.strip(" .[]()") for part in re.split(r"\s[-–|:/]\s|:\s|[()\[\]]|\s/\s", summary)]
    found += [*re.findall(r"[^\s<>()\[\],;:]+@[^\s<>()\[\],;:]+", summary), *parts, summary.strip(), *_named(event, "ORGANIZER")]
    return tuple(dict.fromkeys(text.strip() for text in found if text.strip()))


def _named(event: Any, name: str) -> list[str]:
    """Addresses and common names of a property that may stand there several times."""
    values = event.get(name, [])
    found = []
    for value in values if isinstance(values, list) else [values]:
        found += [str(value).removeprefix("MAILTO:").removeprefix("mailto:"), str(getattr(value, "params", {}).get("CN", ""))]
    return found


def _line(event: Any) -> int:
    return int(str(event.get("X-STANDBY-LINE", "1")))


def _line_of(says: str, lines: list[tuple[int, str]]) -> int:
    """The line that an error of the library quotes, the first otherwise."""
    return next((number for number, text in lines if len(text) > 4 and text[:60] in says), lines[0][0])


def _short(wrong: object) -> str:
    return " ".join(str(wrong).split())[:120] or type(wrong).__name__
