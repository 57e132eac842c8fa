"""From one file to what is stored of it: front matter taken off, title, sections, links, oddities. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from runbooks.importing import front_matter, links, naming, texts
from runbooks.importing.links import Map
from runbooks.importing.texts import Text
from runbooks.sections import Part, names, split

SUMMARY = 300
_STUB = re.compile(
    r"(?:contents? (?:was|were|has been|have been)|this (?:page|document|runbook) (?:has|was)(?: been)?) moved|^moved to\b", re.IGNORECASE
)
_SECRET = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bglpat-[\w-]{20}\b"
    r"|\b(?:password|passwd|secret|api[_-]?key|token)\b\s*[:=]\s*['\"]?(?![<$\{%*x]|your|example|changeme)[A-Za-z0-9+/_-]{16,}",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Page:
    path: str
    text: Text
    block: str  # front matter as written
    body: str
    values: dict[str, Any]
    title: str
    summary: str
    parts: list[Part]
    places: list[tuple[str, str]]  # names in headings, with the anchors of their sections
    links: dict[str, str] = field(default_factory=dict)
    notes: list[tuple[int, str]] = field(default_factory=list)


def read(path: str, content: bytes, targets: Map) -> Page:
    """A page of every file: an empty one, one that breaks its front matter, one in another encoding."""
    text = texts.read(content)
    found = front_matter.split(text.text)
    body = found.body.replace("\x00", "")
    parts = split(body)
    page = Page(
        path, text, found.block, body, found.values, naming.title_of(found.values, parts, path), _summary(found.values, body), parts, names(parts)
    )
    page.notes = [(1, note) for note in text.notes] + list(found.notes)
    lines_before = found.block.count("\n")
    for link in links.in_text(body):
        page.links[link.target] = targets.address(link.target, path)
        if not page.links[link.target]:
            elsewhere = targets.exists(link.target, path)
            what = "leads to a file that is no page" if elsewhere else "leads nowhere"
            page.notes.append((lines_before + link.line, f"link {what}: {link.target[:200]}"))
    page.notes += _odd(body, lines_before)
    return page


def _odd(body: str, before: int) -> Iterable[tuple[int, str]]:
    if not body.strip():
        yield before + 1, "empty: imported as a page that waits to be written"
    elif len(body) < 600 and _STUB.search(body):
        yield before + 1, "says that its contents moved"
    for found in list(_SECRET.finditer(body))[:5]:
        yield before + body.count("\n", 0, found.start()) + 1, "looks like a password, key or token"


def _summary(values: dict[str, Any], body: str) -> str:
    """`description` or `summary` of the front matter, else the first paragraph of prose."""
    for name in ("description", "summary"):
        if isinstance(values.get(name), str) and values[name].strip():
            return " ".join(str(values[name]).split())[:SUMMARY]
    for paragraph in re.split(r"\n\s*\n", body[:5_000]):
        said = " ".join(paragraph.split())
        if said and not re.match(r"[#>|<\[!`~*=\-+:{(]|\d+[.)]", said):
            return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", said).replace("`", "").replace("**", "")[:SUMMARY]
    return ""
