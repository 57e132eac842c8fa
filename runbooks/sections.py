"""Sections of a Markdown text: where they begin, what each is called and what kind it is. Pure and linear."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.text import slugify

from portal.markdown import layout

MOST = 60  # further headings stay inside the last section
TITLE, ANCHOR = 300, 100  # characters
BEGINNING = "beginning"  # the anchor of text before the first heading
# Ids of the page itself; a heading called "Main" must not take the skip link's place.
RESERVED = frozenset(["main", "refusal", "live", "offline", "toasts", "more", "declare", "keys", "done", "copy"])
# The words by which people name the parts of a runbook; the one that comes first in a title decides.
KINDS = {
    "symptom": "symptoms",
    "impact": "impact",
    "diagnos": "diagnosis",
    "investigat": "diagnosis",
    "possible check": "diagnosis",
    "to check": "diagnosis",
    "troubleshoot": "diagnosis",
    "pointers": "diagnosis",
    "mitigat": "mitigation",
    "resolution": "mitigation",
    "resolv": "mitigation",
    "what to do": "mitigation",
    "corrective": "mitigation",
    "remed": "mitigation",
    "how to fix": "mitigation",
    "verif": "verification",
    "escalat": "escalation",
}
_FENCE = re.compile(r"\s*(?:>\s*)*(`{3,}(?=[^`]*$)|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,2})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_ANY_HEADING = re.compile(r" {0,3}(?:#{1,6}[ \t]+|[-*+] +\*\*|\*\*)(.*)")
_NAME = re.compile(r"\b(?:[A-Za-z]+[a-z0-9]+(?:[A-Z]+[a-z0-9]*)+|[A-Z]{2,}[a-z]+[A-Za-z0-9]*|[A-Za-z][a-z0-9]+(?:_[A-Za-z0-9]+)+)\b")
MOST_NAMES = 300
_UNDERLINE = re.compile(r" {0,3}(?:=+|-+)[ \t]*$")
_NO_TITLE = re.compile(r"\s*$|\s*([-*+>|#]|\d+[.)])(\s|$)| {4}|\t")  # lines whose underline is a rule or a table, not a heading
_LINK = re.compile(r"!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])?")


@dataclass(frozen=True, slots=True)
class Part:
    """One section as written. diagnostics: `{"name": "stale-jobs", "options": {"age": "300"}}` of each block, in order."""

    title: str
    anchor: str
    kind: str
    body: str
    diagnostics: list[dict[str, Any]] = field(default_factory=list)
    level: int = 2


def split(source: str) -> list[Part]:
    """The text in sections, divided at headings of the first two levels outside code; an empty text has none."""
    parts: list[Part] = []
    taken = set(RESERVED)
    for title, level, lines in _pieces(source):
        body = "\n".join(lines).strip("\n").rstrip()
        if title or body:
            shown = plain(title)
            parts.append(Part(shown, _anchor(shown, taken), kind_of(shown), body, diagnostics(body), level))
    return parts


def plain(heading: str) -> str:
    """A heading's text without its marks."""
    return _LINK.sub(r"\1", heading).replace("`", "").replace("**", "").strip("*_ ")[:TITLE]


def kind_of(title: str) -> str:
    """Known by the first of the words of a runbook's parts in the title; everything else is background."""
    found = [(at, kind) for word, kind in KINDS.items() if (at := title.lower().find(word)) >= 0]
    return min(found)[1] if found else "background"


def diagnostics(body: str) -> list[dict[str, Any]]:
    """Blocks whose info string is `diagnostic`: the first line names it, `option: value` lines follow."""
    blocks = (piece for piece in layout.pieces(body) if isinstance(piece, layout.Fence) and piece.info.strip() == "diagnostic")
    return [found for block in blocks if (found := _diagnostic(block.code))]


def names(parts: Iterable[Part]) -> list[tuple[str, str]]:
    """Names put together like those of alerts (KubePodNotReady, etcd_down) in headings of any level, each with its section's anchor."""
    found: dict[str, str] = {}
    for part in parts:
        inside = part.body.split("\n") if "#" in part.body or "**" in part.body else []
        headings = [part.title, *(match[1] for line in inside if (match := _ANY_HEADING.match(line)))]
        for heading in headings:
            for name in _NAME.findall(heading):
                found.setdefault(name, part.anchor)
    return list(found.items())[:MOST_NAMES]


def _diagnostic(code: str) -> dict[str, Any] | None:
    lines = [line.strip() for line in code.split("\n") if line.strip()]
    if not lines:
        return None
    options = {name.strip(): value.strip() for name, mark, value in (line.partition(":") for line in lines[1:]) if mark}
    return {"name": lines[0][:100], "options": options}


def _pieces(source: str) -> Iterator[tuple[str, int, list[str]]]:
    title, level, lines, fence, count = "", 2, list[str](), "", 0
    for line in source.split("\n"):
        mark = _FENCE.match(line)
        if fence:
            closes = mark and mark[1].startswith(fence) and not line.strip(" \t>").strip(fence[0])
            fence = "" if closes else fence
        elif mark:
            fence = mark[1]
        elif count < MOST and (found := _heading(line, lines)) is not None:
            heading, deep, kept = found
            yield title, level, kept
            title, level, lines, count = heading, deep, [], count + 1
            continue
        lines.append(line)
    yield title, level, lines


def _heading(line: str, before: list[str]) -> tuple[str, int, list[str]] | None:
    """The heading that ends on this line, its level, and the lines before it that stay in the section above."""
    if match := _HEADING.match(line):
        return match[2] or "", len(match[1]), before
    if before and _UNDERLINE.match(line) and not _NO_TITLE.match(before[-1]) and not (before[:-1] and before[-2].strip()):
        return before[-1].strip(), 1 if "=" in line else 2, before[:-1]
    return None


def _anchor(title: str, taken: set[str]) -> str:
    """Unique in the text, and the same after every save that leaves the headings before it alone."""
    base = slugify(title, allow_unicode=True)[:ANCHOR] or ("section" if title else BEGINNING)
    anchor, number = base, 1
    while anchor in taken:
        number += 1
        anchor = f"{base}-{number}"
    taken.add(anchor)
    return anchor
