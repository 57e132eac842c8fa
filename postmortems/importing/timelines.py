"""The timeline of a postmortem, in the forms in which people write one: headings, bullets, tables and lines that begin with a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from postmortems.importing.document import Part, plain, under
from postmortems.importing.headings import kind_of
from postmortems.importing.moments import Clock, Moment, Written, read, zone_of

_BULLET = re.compile(r"^(?P<indent>\s*)(?:[-*+]|\d+[.)])\s+(?P<text>.*)$")
_ALL_TIMES = re.compile(r"\b(all )?times? (are )?in\b|\btimes?\s*\(|\btime ?zone\b", re.I)
FEWEST = 3  # timed lines outside a section called timeline before they are taken for one


@dataclass
class Entry:
    moment: Moment
    text: str  # Markdown
    line: int


@dataclass
class Timeline:
    entries: list[Entry] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read_timeline(found: list[Part], *, day: date | None) -> Timeline:
    """Every entry in the order of the text. `day`: that of the title, front matter or file name, for entries without one."""
    sections = [index for index, part in enumerate(found) if part.level and kind_of(part.plain) == "timeline" and read(part.title) is None]
    wanted = [part for index in _outermost(found, sections) for part in _with_later_days(found, index)]
    timeline = _from(wanted, found, day)
    if not timeline.entries and not sections:
        everywhere = _from(found, found, day)
        timeline = everywhere if len(everywhere.entries) >= FEWEST else timeline
    return timeline


def _with_later_days(found: list[Part], index: int) -> list[Part]:
    """The section and what is nested in it, and the headings after it that are times: a later day often stands a level too high."""
    whole = under(found, index)
    after = index + len(whole)
    while after < len(found) and read(found[after].title) is not None:
        more = under(found, after)
        whole, after = whole + more, after + len(more)
    return whole


def _outermost(found: list[Part], indexes: list[int]) -> Iterator[int]:
    end = -1
    for index in indexes:
        if index > end:
            yield index
            end = index + len(under(found, index)) - 1


def _from(wanted: list[Part], everything: list[Part], day: date | None) -> Timeline:
    clock = Clock(day=day)
    _zone_for_all(wanted, everything, clock)
    entries: list[Entry] = []
    for position, part in enumerate(wanted):
        heading = read(part.title) if part.level else None
        inside = list(_timed_lines(part))
        if heading is not None:
            _enter_heading(heading, part, wanted[position + 1 :], bool(inside), clock, entries)
        _enter_lines(part, inside, clock, entries)
    return Timeline(entries, clock.warnings)


def _zone_for_all(wanted: list[Part], everything: list[Part], clock: Clock) -> None:
    """ "All times in CET (GMT+1)", the head of a table, or the title ("4:23PM PST") say it once."""
    for part in wanted:
        for line in part.lines:
            if _ALL_TIMES.search(line):
                clock.zone, warning = zone_of(line)
                if warning:
                    clock.warnings.append(warning)
                if clock.zone is not None:
                    return
                clock.warnings.append(f"“{plain(line)}” names no zone that is known: read as UTC.")
                return
    # An entry that states its zone lends it to those that state none.
    stated = next(
        (written.zone for part in wanted for written in [read(part.title), *(w for _, w, _ in _timed_lines(part))] if written and written.zone), None
    )
    clock.zone = stated


def _enter_heading(heading: Written, part: Part, later: list[Part], timed_inside: bool, clock: Clock, entries: list[Entry]) -> None:
    if heading.hour is None and not heading.unreadable and (timed_inside or _holds_timed(part, later)):
        clock.place(heading)  # "### October 21, 2025 - Redis overload" over bullets with times: the day of those
        return
    moment = clock.place(heading)
    text = "\n\n".join(piece for piece in (_after_time(heading.rest), part.text) if piece)
    entries.append(Entry(moment, text, part.line))


def _holds_timed(part: Part, later: list[Part]) -> bool:
    for other in later:
        if other.level <= part.level:
            return False
        if any(True for _ in _timed_lines(other)) or ((written := read(other.title)) is not None and written.hour is not None):
            return True
    return False


def _enter_lines(part: Part, inside: list[tuple[int, Written, str]], clock: Clock, entries: list[Entry]) -> None:
    heading_takes_text = read(part.title) is not None and not inside
    if heading_takes_text:
        return
    for number, (position, written, text) in enumerate(inside):
        end = inside[number + 1][0] if number + 1 < len(inside) else len(part.lines)
        more = _continued(part.lines[position + 1 : end]) if not part.lines[position].lstrip().startswith("|") else ""
        moment = clock.place(written)
        entries.append(Entry(moment, "\n".join(piece for piece in (text, more) if piece), part.line + position + (1 if part.level else 0)))


def _continued(lines: list[str]) -> str:
    """What belongs to a bullet: its nested and wrapped lines, up to a line that starts at the margin after a blank one."""
    kept: list[str] = []
    blank = False
    for line in lines:
        if blank and line.strip() and not line[:1].isspace():
            break
        blank = not line.strip()
        kept.append(line)
    return "\n".join(kept).strip("\n")


def _timed_lines(part: Part) -> Iterator[tuple[int, Written, str]]:
    """(position, time, the words after it) of each bullet, table row or bare line that begins with a time."""
    time_column = 0
    for position, line in enumerate(part.lines):
        if position in part.code or not line.strip():
            continue
        if line.lstrip().startswith("|"):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            named = next((i for i, cell in enumerate(cells) if re.search(r"\b(time|date|when|utc)\b", cell, re.I) and read(cell) is None), None)
            if named is not None and len(cells) > 1 and all(read(cell) is None for cell in cells):
                time_column = named
                continue
            written = read(cells[time_column]) if time_column < len(cells) else None
            if written and written.hour is not None:
                yield position, written, " · ".join(cell for i, cell in enumerate(cells) if i != time_column and cell)
            continue
        bullet = _BULLET.match(line)
        written = read(bullet["text"] if bullet else line) if bullet or not line[:1].isspace() else None
        if written and (written.hour is not None or written.unreadable):
            yield position, written, _after_time(written.rest)


def _after_time(rest: str) -> str:
    return re.sub(r"^(?:[\s*_:.,–—-]|\](?!\())+", "", rest).strip()
