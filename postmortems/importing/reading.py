"""One file → what a postmortem needs: title, facts, sections, timeline, action items, and everything that gave pause."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePosixPath
from typing import Any

from postmortems.importing.actions import Item, read_actions
from postmortems.importing.document import Part, parts, plain
from postmortems.importing.headings import kind_of
from postmortems.importing.moments import find_day
from postmortems.importing.timelines import Entry, read_timeline


@dataclass
class Read:
    title: str
    day: date | None
    front: dict[str, Any]
    sections: dict[str, str]  # kind → Markdown; nothing of the source is left out
    timeline: list[Entry]
    actions: list[Item]
    warnings: list[str] = field(default_factory=list)


def read(source: str, path: str, *, front: dict[str, Any] | None = None) -> Read:
    """`source`: the body without front matter, LF; `front`: its front matter. Never fails: what cannot be read is a warning."""
    front = front or {}
    found = parts(source)
    title = _title(found, path, front)
    day = find_day(str(front.get("date", ""))) or find_day(PurePosixPath(path).name) or find_day(title) or find_day(found[0].text)
    warnings = []
    titled = find_day(title)
    if titled and day and titled != day:
        warnings.append(f"The title says {titled}, the file or its front matter {day}: read as {day}.")
    timeline = read_timeline(found, day=day)
    return Read(title, day, front, sections_of(found), timeline.entries, read_actions(found), warnings + timeline.warnings)


def _title(found: list[Part], path: str, front: dict[str, Any]) -> str:
    if front.get("title"):
        return plain(str(front["title"]))[:300]
    heading = next((part for part in found if part.level == 1 and part.plain), None) or next((part for part in found if part.plain), None)
    named = heading is not None and kind_of(heading.plain) is None
    name = PurePosixPath(path).name.partition(".")[0]
    return (
        heading.plain if heading and named else re.sub(r"[-_]+", " ", re.sub(r"^\d{4}-\d{2}-\d{2}[-_ ]*", "", name)).strip().capitalize() or name
    )[:300]


def sections_of(found: list[Part]) -> dict[str, str]:
    """Section kind → Markdown. A heading that names no section goes with the one above it; what comes first is the summary."""
    kept: dict[str, list[str]] = {}
    kind, level = "summary", 0
    for part in found:
        here = kind_of(part.plain) if part.level else None
        if part.level and (here is not None) and (part.level <= level or level <= 1 or _splits(kind, here)):
            kind, level = here, part.level
            opening = "" if part.level <= 2 or here else f"{'#' * part.level} {part.title}"
        elif part.level and part.level <= level and here is None:
            kind, level, opening = "supporting", part.level, f"{'#' * part.level} {part.title}"
        else:
            opening = f"{'#' * part.level} {part.title}" if part.level > 1 else ""
        text = "\n\n".join(piece for piece in (opening, part.text) if piece)
        if text.strip():
            kept.setdefault(kind, []).append(text)
    return {kind: "\n\n".join(pieces) for kind, pieces in kept.items()}


def _splits(outer: str, inner: str) -> bool:
    """ "Lessons learned" holds "What went well" and the like, which are sections of their own."""
    return outer in {"lessons", "root_cause", "summary", "supporting"} and inner in {"went_well", "went_wrong", "lucky", "lessons", "surprised"}
