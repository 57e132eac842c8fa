"""Times as people write them: "ca. 18:30", "Feb 20 2018 14:17", "17:14pm", "5:33 PM", "14:??", "19. April, 11:00".

The words are kept; what had to be guessed is named, never corrected in silence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, available_timezones

MONTHS = {name: number for number, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], start=1)}
_MONTH = r"(?P<{0}>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DATES = [
    re.compile(r"(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})"),
    re.compile(_MONTH.format("name") + r"\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?(?!:)\b(?:,?\s+(?P<year>\d{4})\b)?", re.I),
    re.compile(r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?\s+" + _MONTH.format("name") + r"(?:,?\s+(?P<year>\d{4})\b)?", re.I),
]
_TIME = re.compile(r"(?P<hour>[0-9X?]{1,2})[:.](?P<minute>[0-9X?]{2})(?::(?P<second>\d{2}))?(?!\d)\s*(?P<half>[ap]\.?m\b\.?)?", re.I)
_HOUR = re.compile(r"\b(?P<hour>\d{1,2})\s*(?P<half>[ap]\.?m\b\.?)", re.I)
_UNTIL = re.compile(r"^\s*(?:-|–|—|to|until)\s*~?\s*[0-9X?]{1,2}[:.][0-9X?]{2}(?:\s*[ap]m\b)?", re.I)
_ROUGH = re.compile(r"~|\bca\b|\bcirca\b|\bapprox|\baround\b|\babout\b|\bmaybe\b|\bnot sure\b|\bestimated\b", re.I)
_OFFSET = re.compile(
    r"\b(?:UTC|GMT)\s*(?P<sign>[+−-])\s*(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?\b|(?<=\d)\s?(?P<sign2>[+-])(?P<hours2>\d{2}):?(?P<minutes2>\d{2})\b"
)
# Abbreviations are not unique in the world; these are what operators write. Hours east of UTC.
ZONES = {
    "UTC": 0, "GMT": 0, "WET": 0, "BST": 1, "CET": 1, "WEST": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "IST": 5.5, "SGT": 8, "JST": 9, "KST": 9,
    "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}  # fmt: skip
_ABBREVIATION = re.compile(r"\b(" + "|".join(ZONES) + r")\b")
_NAMED = re.compile(r"\b[A-Z][A-Za-z_]+/[A-Z][A-Za-z_]+(?:/[A-Z][A-Za-z_]+)?\b")
ROLLS_OVER_AFTER = timedelta(hours=12)  # a time that much earlier than the one before belongs to the next day


@dataclass(frozen=True, slots=True)
class Written:
    """A time as found at the start of a text. `day` and `hour` None: not given. `rest`: what follows it."""

    raw: str
    day: date | None
    without_year: tuple[int, int] | None  # month and day, where the year is not given
    hour: int | None
    minute: int
    zone: tzinfo | None
    rough: bool
    unreadable: bool  # a time was meant but cannot be told, as 2X:XX
    rest: str


@dataclass(frozen=True, slots=True)
class Moment:
    """`at`: aware, in the zone of the text; None where no hour could be read. `day`: the day at least, if known. `guesses`: in words."""

    raw: str
    at: datetime | None
    day: date | None
    rough: bool = False
    guesses: tuple[str, ...] = ()


@dataclass
class Clock:
    """What earlier lines said: the day that carries on, the zone for all."""

    day: date | None = None
    zone: tzinfo | None = None
    last: datetime | None = None
    warnings: list[str] = field(default_factory=list)

    def place(self, written: Written) -> Moment:
        """The moment of `written`, which then carries on. Guesses are named in it."""
        guesses: list[str] = []
        day = self._day(written, guesses)
        zone = written.zone or self.zone
        if zone is None:
            zone = UTC
            guesses.append("no zone is said: read as UTC")
        if written.day or written.without_year:
            self.day, self.last = day, None
        if written.hour is None or day is None:
            if written.unreadable:
                guesses.append("the time cannot be read")
            elif day is None:
                guesses.append("no day is said anywhere")
            return Moment(written.raw, None, None if written.unreadable else day, written.rough, tuple(guesses))
        at = datetime(day.year, day.month, day.day, written.hour, written.minute, tzinfo=zone)
        if self.last and not (written.day or written.without_year) and self.last - at > ROLLS_OVER_AFTER:
            at += timedelta(days=1)
            self.day = at.date()
            guesses.append("earlier than the entry before: read as the next day")
        elif self.last and at < self.last:
            self.warnings.append(f"“{written.raw}” comes after “{self.last:%H:%M}” but is earlier.")
        self.last = at
        return Moment(written.raw, at, at.date(), written.rough, tuple(guesses))

    def _day(self, written: Written, guesses: list[str]) -> date | None:
        if written.day:
            return written.day
        if written.without_year and self.day:
            month, number = written.without_year
            guesses.append(f"no year is given: read as {self.day.year}")
            return _real_date(self.day.year, month, number)
        return self.day


def _real_date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def find_day(text: str) -> date | None:
    """The first whole date (with its year) anywhere in `text`."""
    for pattern in _DATES:
        for found in pattern.finditer(text):
            day = _date_of(found)[0]
            if day:
                return day
    return None


def _date_of(found: re.Match[str]) -> tuple[date | None, tuple[int, int] | None]:
    groups = found.groupdict()
    month = MONTHS[groups["name"].lower()] if groups.get("name") else int(groups["month"])
    number = int(groups["day"])
    if groups.get("year"):
        return _real_date(int(groups["year"]), month, number), None
    return None, (month, number) if 1 <= month <= 12 and 1 <= number <= 31 else None


def zone_of(text: str) -> tuple[tzinfo | None, str]:
    """(zone that `text` names, warning or ""). An offset in figures wins over an abbreviation that contradicts it."""
    offset, abbreviation, named = _OFFSET.search(text), _ABBREVIATION.search(text), _NAMED.search(text)
    if offset:
        sign = -1 if (offset["sign"] or offset["sign2"]) in "-−" else 1
        minutes = sign * (int(offset["hours"] or offset["hours2"]) * 60 + int(offset["minutes"] or offset["minutes2"] or 0))
        zone = timezone(timedelta(minutes=minutes)) if abs(minutes) < 24 * 60 else None
        plain = abbreviation and abbreviation[1] not in {"UTC", "GMT"} and ZONES[abbreviation[1]] * 60 != minutes
        return zone, f"{abbreviation[1]} is not {offset[0].strip()}; read as {offset[0].strip()}." if plain and abbreviation else ""
    if named and named[0] in available_timezones():
        return ZoneInfo(named[0]), ""
    if abbreviation:
        return timezone(timedelta(hours=ZONES[abbreviation[1]])), ""
    return None, ""


def read(text: str) -> Written | None:
    """The time or date with which `text` begins (marks of emphasis and "ca." aside), or None."""
    stripped = text.strip()
    head = re.sub(r"^(?:[*_`~|\[(\s]|ca\.?\s|circa\s|approx\w*\.?\s|around\s|about\s)+", "", stripped, flags=re.I)
    lead = stripped[: len(stripped) - len(head)]
    day, without_year, rest = None, None, head
    for pattern in _DATES:
        found = pattern.match(head)
        if found:
            day, without_year = _date_of(found)
            rest = head[found.end() :]
            break
    dated = day is not None or without_year is not None
    gap = re.match(r"[\s,T|*_]*(?:at\s+)?(?P<rough>(?:~|ca\.?\s|circa\s|around\s|about\s)\s*)?", rest)
    after = rest[gap.end() :] if gap else rest
    clock = _TIME.match(after) or _HOUR.match(after)
    if clock is None:
        return Written(head[: len(head) - len(rest)].strip(), day, without_year, None, 0, None, False, False, rest) if dated else None
    hour, minute, unreadable = _clock_of(clock)
    if hour is None and not unreadable:
        return None
    tail = after[clock.end() :]
    until = _UNTIL.match(tail)
    tail = tail[until.end() :] if until else tail
    zone, tail = _zone_after(tail)
    if not dated:
        bracket = re.match(r"\s*\((?P<inside>[^)]*)\)", tail)
        inside = _any_date(bracket["inside"]) if bracket else None
        if bracket and inside:
            day, without_year = inside
            tail = tail[bracket.end() :]
    raw = head[: len(head) - len(tail)].strip(" *_|")
    aside = re.match(r"\s*\((?P<words>[^)]*)\)", tail)
    rough = bool(_ROUGH.search(lead) or (gap and gap["rough"]) or (aside and _ROUGH.search(aside["words"])) or "?" in clock[0])
    return Written(raw, day, without_year, hour, minute, zone, rough, unreadable, tail)


def _any_date(text: str) -> tuple[date | None, tuple[int, int] | None] | None:
    found = next((match for pattern in _DATES if (match := pattern.search(text))), None)
    return _date_of(found) if found else None


def _clock_of(clock: re.Match[str]) -> tuple[int | None, int, bool]:
    """(hour, minute, whether a time was meant that cannot be read)."""
    groups = clock.groupdict()
    if not groups["hour"].isdigit():
        return None, 0, True
    hour, minute = int(groups["hour"]), int(groups["minute"]) if (groups.get("minute") or "0").isdigit() and groups.get("minute") else 0
    half = (groups.get("half") or "").lower()[:1]
    if half == "p" and hour < 12:
        hour += 12
    elif half == "a" and hour == 12:
        hour = 0
    return (hour, minute, False) if hour < 24 and minute < 60 else (None, 0, False)


def _zone_after(tail: str) -> tuple[tzinfo | None, str]:
    """The zone that stands right behind a time, and what follows it."""
    found = re.match(r"\s*\(?(?P<zone>(?:UTC|GMT)\s*[+-]\s*\d{1,2}(?::?\d{2})?|[+-]\d{2}:?\d{2}|Z\b|" + "|".join(ZONES) + r")\b\)?", tail)
    if not found:
        return None, tail
    zone = UTC if found["zone"] == "Z" else zone_of("0" + found["zone"] if found["zone"][0] in "+-" else found["zone"])[0]
    return zone, tail[found.end() :]
