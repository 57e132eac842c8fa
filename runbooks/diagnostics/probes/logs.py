"""Error patterns in logs: by type, by mined template, and rate limits by hour. From files, from Kubernetes and from standard input."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from glob import glob
from typing import Any, BinaryIO, TypeVar

from runbooks.diagnostics import troubles
from runbooks.diagnostics.parameters import Whole
from runbooks.diagnostics.places import Place, Trouble
from runbooks.diagnostics.probes import log_pass, log_reading, log_templates
from runbooks.diagnostics.probes.log_reading import Reading
from runbooks.diagnostics.probes.log_tally import WORDS, Tally
from runbooks.diagnostics.registry import Diagnostic, Probe
from runbooks.diagnostics.results import ROWS, Block, Result, Rows, shown

LIMITS = (b"RateLimit", b"rate limit", b"Rate limit", b"rate_limit", b" 429 ", b"Too Many Requests", b"too many requests")
FILES = 50
Read = TypeVar("Read")

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
        for moment, at, line in _told(place, log_reading.lines(path, LIMITS, since, now + timedelta(minutes=1), reading)):
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
        pieces = _told(place, log_reading.pieces(path, since, now + timedelta(minutes=1), reading))
        if templates:
            for piece in pieces:
                for _, at, line in piece.lines(WORDS):
                    tally.add(at, line)
        else:
            log_pass.count(pieces, tally)
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


def _told(place: Place, read: Iterator[Read]) -> Iterator[Read]:
    """What a file gives. Raises: Trouble, instead of the system's error."""
    try:
        yield from read
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
