"""Error patterns in logs: by type, by mined template, and rate limits by hour. From files, from Kubernetes and from standard input."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from glob import glob
from typing import Any, BinaryIO

from runbooks.diagnostics import troubles
from runbooks.diagnostics.parameters import Whole
from runbooks.diagnostics.places import Place, Trouble
from runbooks.diagnostics.probes import log_reading, log_templates
from runbooks.diagnostics.probes.log_reading import Reading
from runbooks.diagnostics.registry import Diagnostic, Probe
from runbooks.diagnostics.results import ROWS, Block, Result, Rows, shown

WORDS = (b"ERROR", b"CRITICAL", b"FATAL", b'"error"', b'"critical"', b'"fatal"')
# The level stands among the first words of a line, or is the value of a JSON key; a word inside a message is none.
LEVEL = re.compile(
    rb"""(?xs)
    ^\W*(?:(?!(?:INFO|DEBUG|WARN|WARNING|TRACE|NOTICE)\b)[\w.:,+/-]+[\]\)]?[ \t|]+[\[\(]?){0,5}?(ERROR|CRITICAL|FATAL)\b[\]\):|\s-]*
    | ^\{.*?"(?:level|levelname|severity|lvl)":\s*("(?:error|critical|fatal)"|"(?:ERROR|CRITICAL|FATAL)")
    """
)
OTHER_LEVELS = (b"INFO", b"DEBUG", b"WARN", b"TRACE", b"NOTICE", b"ERROR", b"CRITICAL", b"FATAL")
PLAIN = bytes(c for c in range(128) if chr(c).isalnum() or chr(c) in "_.:,+/-[]()| \t<>#=@")
TYPE = re.compile(rb"\b[A-Z][A-Za-z0-9]*?[a-z0-9](?:Error|Exception|Timeout|Failure|Interrupt|Refused|Exceeded|Exhausted)\b")
MESSAGE = re.compile(rb'"(?:message|msg|event|error)":\s*"((?:[^"\\]|\\.)*)"')
LIMITS = (b"RateLimit", b"rate limit", b"Rate limit", b"rate_limit", b" 429 ", b"Too Many Requests", b"too many requests")
DISTINCT = 20_000  # different masked messages kept; beyond that the rare ones are counted together
FILES = 50

WINDOW = Whole("window", "Of the last", default=3600, minimum=1, maximum=30 * 86_400, unit="seconds")
TOP = Whole("top", "How many", default=10, minimum=1, maximum=100, unit="")
DOCUMENT = {
    "type": "object",
    "properties": {
        "total_errors": {"type": "integer", "minimum": 0},
        "top_errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"type": {"type": "string"}, "count": {"type": "integer"}, "percentage": {"type": "number"}},
                "required": ["type", "count", "percentage"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["total_errors", "top_errors"],
    "additionalProperties": False,
}


def _level_ends(line: bytes, place: int) -> int:
    """Where the level at `place` ends; 0 when the word there is none. Plain lines are judged without the expression, which is ten times slower."""
    head, word = line[:place], line[place : place + 8]
    if line[:1] != b"{" and ((head[:1].isdigit() and head.count(b" ") <= 1) or not any(level in head for level in OTHER_LEVELS)):
        length = 8 if word == b"CRITICAL" else 5
        plain = len(head) <= 200 and head.count(b" ") <= 6 and not head.translate(None, PLAIN)
        return place + length if plain and word[:1] != b'"' and not line[place + length : place + length + 1].isalnum() else 0
    level = LEVEL.match(line)
    return level.end() if level and level.start(level.lastindex or 1) <= place < level.end() else 0


class Tally:
    """Errors counted by type, and their messages by what is left of them without numbers and names."""

    def __init__(self, *, templates: bool) -> None:
        self.templates, self.total, self.types, self.masked = templates, 0, Counter[bytes](), Counter[str]()
        self.samples: dict[str, str] = {}

    def add(self, place: int, line: bytes) -> None:
        """Count the line if the word at `place` is its level, not a word of its message."""
        end = _level_ends(line, place)
        if not end:
            return
        self.total += 1
        kind = TYPE.search(line, end)
        if kind:
            self.types[kind[0]] += 1
        if not kind or self.templates:
            message = self._message(line, end)
            if not kind:
                self.types[message[:80].encode()] += 1
            if self.templates:
                self._keep(message, line)

    def _message(self, line: bytes, begin: int) -> str:
        found = MESSAGE.search(line) if line[:1] == b"{" else None
        text = (found[1] if found else line[begin:].lstrip(b"]):|- \t")).decode("utf-8", "replace")
        return log_templates.masked(text[:400]) or "no message"

    def _keep(self, message: str, line: bytes) -> None:
        if message not in self.masked and len(self.masked) >= DISTINCT:
            message = "(rare messages)"
        self.masked[message] += 1
        self.samples.setdefault(message, line.decode("utf-8", "replace")[:300])


def errors(place: Place, parameters: dict[str, Any]) -> Result:
    """Errors of the window by type."""
    tally, notes = _tally(place, parameters, templates=False)
    return by_type(tally, parameters, notes)


def by_type(tally: Tally, parameters: dict[str, Any], notes: list[str]) -> Result:
    ranked = sorted(tally.types.items(), key=lambda kind: (-kind[1], kind[0]))[: parameters["top"]]
    top = [{"type": kind.decode("utf-8", "replace"), "count": count, "percentage": round(100 * count / tally.total, 1)} for kind, count in ranked]
    document = {"total_errors": tally.total, "top_errors": top}
    finding = f"{tally.total:,} errors, {top[0]['type']} {top[0]['percentage']} %" if top else "No errors"
    return Result(
        finding="; ".join([finding, *notes]),
        severity="bad" if tally.total else "ok",
        text=shown(document),
        columns=["type", "count", "percentage"],
        rows=[[found["type"], found["count"], found["percentage"]] for found in top],
        numbers={"errors": tally.total, "types": len(tally.types)},
        figure="errors",
        document=document,
        blocks=[Block("Noticed", "\n".join(notes))] if notes else [],
        next_step="Compare with what changed (recent-deploys); see the messages themselves with error-templates." if tally.total else "",
    )


def templates(place: Place, parameters: dict[str, Any]) -> Result:
    """Messages of errors with what differs masked, so that the same fault is one line."""
    tally, notes = _tally(place, parameters, templates=True)
    return by_template(tally, parameters, notes)


def by_template(tally: Tally, parameters: dict[str, Any], notes: list[str]) -> Result:
    found = log_templates.mined(tally.masked)[: parameters["top"]]
    rows = [[template[:300], count, round(100 * count / tally.total, 1)] for template, count, _ in found]
    finding = f"{tally.total:,} errors in {len(found)} patterns, the first {rows[0][2]} %" if rows else "No errors"
    return Result(
        finding="; ".join([finding, *notes]),
        severity="bad" if rows else "ok",
        text="\n".join([finding, *(f"{count:>8} {percent:5.1f} %  {template}" for template, count, percent in rows)]),
        columns=["pattern", "count", "percentage"],
        rows=rows[:ROWS],
        numbers={"errors": tally.total, "patterns": len(found)},
        figure="errors",
        blocks=[Block(f"An example of “{template[:60]}”", tally.samples.get(example, "")) for template, _, example in found[:5]],
        next_step="Search the first pattern in the runbooks, and compare with what changed (recent-deploys)." if rows else "",
    )


def rate_limits(place: Place, parameters: dict[str, Any]) -> Result:
    """Lines that speak of a rate limit, by hour (UTC)."""
    now, reading, hours = datetime.now(UTC), Reading(), Counter[str]()
    since = now - timedelta(hours=parameters["hours"])
    total = 0
    for path in files_of(place):
        for moment, at, line in _read(place, path, LIMITS, since, now + timedelta(minutes=1), reading):
            if any(0 <= line.find(word) < at for word in LIMITS):
                continue  # a line with several of the words counts once
            total += 1
            hours[moment[:13].decode().replace("T", " ") + ":00" if moment else "no time"] += 1
    rows: Rows = [[hour, count] for hour, count in sorted(hours.items())]
    peak = max(rows, key=lambda row: row[1], default=None)
    finding = (
        f"{total:,} rate limits in {parameters['hours']} h, most at {peak[0]} ({peak[1]:,})"
        if peak
        else f"No rate limit was hit in {parameters['hours']} h"
    )
    return Result(
        finding="; ".join([finding, *_notes(reading)]),
        severity="bad" if peak and rows and rows[-1][1] >= parameters["limit"] else "warn" if total else "ok",
        text="\n".join([finding, *(f"  {hour}  {count}" for hour, count in rows)]),
        columns=["hour, UTC", "hits"],
        rows=rows[-ROWS:],
        numbers={"hits": total, "peak": peak[1] if peak else 0},
        figure="hits",
        next_step="Follow the runbook “Rate limits”: queue and back off, or send fewer requests." if total else "",
    )


def _tally(place: Place, parameters: dict[str, Any], *, templates: bool) -> tuple[Tally, list[str]]:
    tally, reading, now = Tally(templates=templates), Reading(), datetime.now(UTC)
    since = now - timedelta(seconds=parameters["window"])
    for path in files_of(place):
        for _, at, line in _read(place, path, WORDS, since, now + timedelta(minutes=1), reading):
            tally.add(at, line)
    return tally, _notes(reading)


def tally_of(found: Iterable[tuple[int, bytes]], *, templates: bool) -> Tally:
    """Of lines that were read elsewhere."""
    tally = Tally(templates=templates)
    for at, line in found:
        tally.add(at, line)
    return tally


def of_stream(stream: BinaryIO, parameters: dict[str, Any], *, templates: bool) -> Result:
    """Standard input of the command line, the whole of it: whoever pipes has chosen the window."""
    tally = tally_of(log_reading.of_stream(stream.read, WORDS, Reading()), templates=templates)
    return by_template(tally, parameters, []) if templates else by_type(tally, parameters, [])


def _read(
    place: Place, path: str, words: tuple[bytes, ...], since: datetime, until: datetime, reading: Reading
) -> Iterator[tuple[bytes, int, bytes]]:
    try:
        yield from log_reading.lines(path, words, since, until, reading)
    except PermissionError:
        raise Trouble(f"{troubles.name_of(place)} may not be read by the workers", "Give their account the right to read it.") from None
    except OSError:
        raise Trouble(
            f"{troubles.name_of(place)} could not be read to its end", "See the disk it lies on; it may just have been rotated: run it again."
        ) from None


def files_of(place: Place) -> list[str]:
    """The file, and those beside it that the option `glob` names. Raises: Trouble."""
    pattern = place.option("glob", "")
    found = sorted(glob(os.path.join(os.path.dirname(place.path), os.path.basename(pattern)))) if pattern else []
    found = [path for path in dict.fromkeys([*found, *([place.path] if os.path.exists(place.path) else [])]) if os.path.isfile(path)]
    if not found:
        raise Trouble(f"{troubles.name_of(place)} is not there", "See whether the application writes it, and whether the workers see the same disk.")
    return found[-FILES:]


def _notes(reading: Reading) -> list[str]:
    if reading.ordered is None:
        return ["its lines have no time that is known, so all of it was counted"]
    return [] if reading.ordered else ["its lines are not in order of time, so all of it was read"]


def _diagnostic(slug: str, title: str, about: str, icon: str, probe: Probe, parameters: tuple[Whole, ...], **more: Any) -> Diagnostic:
    return Diagnostic(slug, title, about, icon, "reads", ("log",), 60, probe, parameters, **more)


HOURS = Whole("hours", "Over the last", default=24, minimum=1, maximum=720, unit="hours")
LIMIT = Whole("limit", "Bad from", default=10, minimum=1, maximum=1_000_000, unit="hits in the last hour that has any")
MINED = "Messages of errors with what differs masked, so that one fault is one line."

ERRORS = _diagnostic(
    "errors",
    "Error patterns",
    "Errors of the last hour by type, most frequent first.",
    "bug",
    errors,
    (WINDOW, TOP),
    on_incident=True,
    document=DOCUMENT,
)
ERROR_TEMPLATES = _diagnostic("error-templates", "Error messages", MINED, "scroll-text", templates, (WINDOW, TOP))
RATE_LIMITS = _diagnostic(
    "rate-limits", "Rate limits", "How often a rate limit was hit, by hour.", "gauge", rate_limits, (HOURS, LIMIT), on_incident=True
)
