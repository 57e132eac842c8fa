"""The form in which Standby writes postmortems out, and reads them back without losing a letter.

Front matter holds what is not text; each section stands behind a heading and a mark of its own. A line of a text that looks
like such a mark is written with a backslash before it.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

import yaml

from postmortems.importing.moments import Moment
from postmortems.importing.timelines import Entry

FORM = "postmortem 1"
_MARK = re.compile(r"^## [^\n]*\n<!-- section: (\w+) -->\n", re.MULTILINE)
_LOOKS_LIKE_MARK = re.compile(r"^(\\*)<!-- section: ", re.MULTILINE)


@dataclass(frozen=True)
class ItemFields:
    """An action item as text: every field a string, "" where there is none."""

    title: str
    why: str = ""
    status: str = "open"
    owner: str = ""  # an address, or the words of a foreign text
    due: str = ""
    url: str = ""
    tag: str = ""
    type: str = ""
    evidence: str = ""
    declined_because: str = ""


@dataclass
class Whole:
    """Everything of one postmortem that an import keeps."""

    title: str
    slug: str
    status: str
    sections: dict[str, str]  # kind → Markdown
    timeline: list[Entry]
    items: list[ItemFields]
    facts: dict[str, Any] | None
    front: dict[str, Any]
    tags: list[tuple[str, str]]  # kind and name
    waived_because: str = ""
    warnings: list[tuple[int, str]] = field(default_factory=list)  # line and words


def write(whole: Whole, titles: dict[str, str]) -> str:
    """Markdown with front matter. `titles`: section kind → heading."""
    front = {
        "standby": FORM,
        "title": whole.title,
        "slug": whole.slug,
        "status": whole.status,
        "waived_because": whole.waived_because,
        "tags": [[kind, name] for kind, name in whole.tags],
        "facts": _texts(whole.facts),
        "front": whole.front,
        "action_items": [{key: value for key, value in asdict(item).items() if value} for item in whole.items],
        "timeline": [_entry_out(entry) for entry in whole.timeline],
    }
    head = yaml.safe_dump({key: value for key, value in front.items() if value}, allow_unicode=True, sort_keys=False, width=10_000)
    body = "".join(f"## {titles[kind]}\n<!-- section: {kind} -->\n{_LOOKS_LIKE_MARK.sub(_escape, text)}\n\n" for kind, text in whole.sections.items())
    return f"---\n{head}---\n# {whole.title}\n\n{body}"


def _escape(found: re.Match[str]) -> str:
    return f"\\{found[0]}"


def restore(values: dict[str, Any], text: str) -> Whole | None:
    """What `write` wrote, from its front matter and the text behind it; None for a text of any other form."""
    if values.get("standby") != FORM:
        return None
    pieces = _MARK.split(text)[1:]
    sections = {
        kind: _unescaped(body[:-2] if body.endswith("\n\n") else body.rstrip("\n")) for kind, body in zip(pieces[::2], pieces[1::2], strict=True)
    }
    return Whole(
        title=str(values.get("title", "")),
        slug=str(values.get("slug", "")),
        status=str(values.get("status", "published")),
        sections=sections,
        timeline=[_entry_in(entry) for entry in values.get("timeline", [])],
        items=[ItemFields(**{key: str(value) for key, value in item.items()}) for item in values.get("action_items", [])],
        facts=_numbers(values.get("facts")),
        front=values.get("front", {}),
        tags=[(str(kind), str(name)) for kind, name in values.get("tags", [])],
        waived_because=str(values.get("waived_because", "")),
    )


def _unescaped(text: str) -> str:
    return re.sub(r"^\\(\\*<!-- section: )", r"\1", text, flags=re.MULTILINE)


def _entry_out(entry: Entry) -> dict[str, Any]:
    moment = entry.moment
    found = {
        "written": moment.raw,
        "at": moment.at.isoformat() if moment.at else "",
        "day": moment.day.isoformat() if moment.day else "",
        "rough": "yes" if moment.rough else "",
        "guesses": list(moment.guesses),
        "text": entry.text,
    }
    return {key: value for key, value in found.items() if value}


def _entry_in(fields: dict[str, Any]) -> Entry:
    at, day = fields.get("at"), fields.get("day")
    moment = Moment(
        raw=fields.get("written", ""),
        at=datetime.fromisoformat(at) if at else None,
        day=date.fromisoformat(day) if day else None,
        rough=fields.get("rough") == "yes",
        guesses=tuple(fields.get("guesses", [])),
    )
    return Entry(moment, fields.get("text", ""), 1)


def _texts(facts: dict[str, Any] | None) -> dict[str, Any] | None:
    return {key: value if isinstance(value, list) else str(value) for key, value in facts.items()} if facts else None


def _numbers(facts: dict[str, Any] | None) -> dict[str, Any] | None:
    """Front matter knows texts only; two of the facts are numbers."""
    return {key: int(value) if key in {"duration_seconds", "severity"} else value for key, value in facts.items()} if facts else None
