"""Sections of a Markdown text: where they begin, what each is called and what kind it is. Pure and linear."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.text import slugify

from portal.markdown import layout

MOST = 60  # further headings stay inside the last section
TITLE, ANCHOR = 300, 100  # characters
BEGINNING = "beginning"  # the anchor of text before the first heading
# Ids of the page itself; a heading called "Main" must not take the skip link's place.
RESERVED = frozenset(["main", "refusal", "live", "offline", "toasts", "more", "declare", "keys", "done", "copy"])
KINDS = {
    "symptom": "symptoms",
    "impact": "impact",
    "diagnos": "diagnosis",
    "mitigat": "mitigation",
    "verif": "verification",
    "escalat": "escalation",
}
_FENCE = re.compile(r"\s*(?:>\s*)*(`{3,}(?=[^`]*$)|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,2})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
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


def split(source: str) -> list[Part]:
    """The text in sections, divided at headings of the first two levels outside code; an empty text has none."""
    parts: list[Part] = []
    taken = set(RESERVED)
    for title, lines in _pieces(source):
        body = "\n".join(lines).strip("\n").rstrip()
        if title or body:
            shown = plain(title)
            parts.append(Part(shown, _anchor(shown, taken), kind_of(shown), body, diagnostics(body)))
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


def _diagnostic(code: str) -> dict[str, Any] | None:
    lines = [line.strip() for line in code.split("\n") if line.strip()]
    if not lines:
        return None
    options = {name.strip(): value.strip() for name, mark, value in (line.partition(":") for line in lines[1:]) if mark}
    return {"name": lines[0][:100], "options": options}


def _pieces(source: str) -> Iterator[tuple[str, list[str]]]:
    title, lines, fence, count = "", list[str](), "", 0
    for line in source.split("\n"):
        mark = _FENCE.match(line)
        if fence:
            closes = mark and mark[1].startswith(fence) and not line.strip(" \t>").strip(fence[0])
            fence = "" if closes else fence
        elif mark:
            fence = mark[1]
        elif count < MOST and (found := _heading(line, lines)) is not None:
            heading, kept = found
            yield title, kept
            title, lines, count = heading, [], count + 1
            continue
        lines.append(line)
    yield title, lines


def _heading(line: str, before: list[str]) -> tuple[str, list[str]] | None:
    """The heading that ends on this line, and the lines before it that stay in the section above."""
    if match := _HEADING.match(line):
        return match[2] or "", before
    if before and _UNDERLINE.match(line) and not _NO_TITLE.match(before[-1]) and not (before[:-1] and before[-2].strip()):
        return before[-1].strip(), before[:-1]
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
