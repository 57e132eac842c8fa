"""Action items in the forms in which people write them: lists under headings, check boxes, tables, and "[Action Item]" in the middle of a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from postmortems.importing.document import Part, plain, under
from postmortems.importing.headings import kind_of

_ITEM = re.compile(r"^(?P<indent>\s*)(?:[-*+]|\d+[.)])\s+(?P<text>.*)$")
_BOX = re.compile(r"^\[(?P<mark>[ xX])\]\s+")
_DONE = re.compile(r"✅|☑|\(\s*(?:done|completed?|finished|fixed)\b[^)]*\)|\bDONE in\b|(?:^|\W)_?done\b(?: in\b|_|\.?$)|^\W*this has been done", re.I)
_DROPPED = re.compile(r"^\s*(?:N/A\b|n/a\b)|\bwon'?t (?:do|fix)\b", re.I)
_INLINE = re.compile(r"(?:\[|\*\*)action item:?(?:\]|\*\*):?\s*(?P<text>.+)", re.I)
_OWNER = re.compile(r"\bowner\s*:\s*(?P<owner>@?[\w.@-]+(?: [A-Z][\w-]+)?)", re.I)
_DUE = re.compile(r"\b(?:due|by)\s*:?\s*(?P<due>\d{4}-\d{2}-\d{2})\b", re.I)
_URL = re.compile(r"https?://[^\s)>\]]+")
LONGEST_TITLE = 300


@dataclass(frozen=True, slots=True)
class Item:
    """`owner` and `due`: as written, "" where not said. `tag`: the heading above it ("Documentation improvements")."""

    title: str
    text: str  # Markdown, with what is nested below it
    done: bool
    dropped: bool
    owner: str
    due: str
    url: str
    tag: str
    line: int


def read_actions(found: list[Part]) -> list[Item]:
    """Every action item in the order of the text, each once."""
    sections = [index for index, part in enumerate(found) if part.level and kind_of(part.plain) == "actions"]
    items: list[Item] = []
    taken: set[int] = set()
    for index in sections:
        below = under(found, index)
        skip_below = 99
        for offset, part in enumerate(below):
            if offset and part.level > skip_below:
                continue
            skip_below = 99
            if (
                offset
                and kind_of(part.plain) not in {"actions", None}
                and kind_of(part.plain) in {"went_well", "went_wrong", "lucky", "lessons", "timeline"}
            ):
                skip_below = part.level
                continue
            if id(part) not in taken:
                taken.add(id(part))
                tag = part.plain if offset else ""
                items += _in_part(part, tag=tag, done=_says_done(part.title) or (offset > 0 and _says_done(below[0].title)))
    for part in found:
        items += [item for item in _inline(part) if item.title not in {known.title for known in items}]
    return sorted(items, key=lambda item: item.line)


def _says_done(title: str) -> bool:
    return bool(re.search(r"\((?:completed?|done)\)", title, re.I))


def _in_part(part: Part, *, tag: str, done: bool) -> Iterator[Item]:
    rows = list(_table(part))
    if rows:
        for line, cells, head in rows:
            yield _of_row(line, cells, head, tag)
        return
    starts = [(position, match) for position, line in enumerate(part.lines) if position not in part.code and (match := _ITEM.match(line))]
    margin = min((len(match["indent"]) for _, match in starts), default=0)
    tops = [(position, match) for position, match in starts if len(match["indent"]) == margin]
    for number, (position, match) in enumerate(tops):
        end = tops[number + 1][0] if number + 1 < len(tops) else len(part.lines)
        nested = _own_lines(part.lines[position + 1 : end])
        yield _item(match["text"], nested, tag=tag, done=done, line=part.line + position + (1 if part.level else 0))


def _own_lines(lines: list[str]) -> list[str]:
    """Lines that belong to a list item: indented, or wrapped before the first blank one."""
    kept: list[str] = []
    blank = False
    for line in lines:
        if not line.strip():
            blank = True
            continue
        if blank and not line[:1].isspace():
            break
        kept.append(line)
    return kept


def _item(first: str, nested: list[str], *, tag: str, done: bool, line: int) -> Item:
    box = _BOX.match(first)
    text = _BOX.sub("", first)
    wrapped = [row.strip() for row in nested if not _ITEM.match(row)]
    whole = " ".join([text, *wrapped])
    below = [re.sub(r"^\s*(?:[-*+]|\d+[.)])\s+", "", row) for row in nested if _ITEM.match(row)]
    finished = done or bool(box and box["mark"] in "xX") or bool(_DONE.search(whole)) or any(_DONE.search(row) for row in below)
    struck = re.fullmatch(r"~~.*~~", whole.strip()) is not None
    url = next(iter(_URL.findall(" ".join([whole, *below]))), "")
    owner, due = _OWNER.search(whole), _DUE.search(whole)
    return Item(
        title=_title(whole),
        text="\n".join([text, *nested]).strip(),
        done=finished,
        dropped=not finished and (struck or bool(_DROPPED.search(whole))),
        owner=owner["owner"] if owner else "",
        due=due["due"] if due else "",
        url=url.rstrip(".,"),
        tag=tag,
        line=line,
    )


def _title(text: str) -> str:
    """Its first sentence or lead-in, without marks, boxes and links of the tracker."""
    text = re.sub(r"^[\s✅☑❌*_]+", "", plain(re.sub(r"^[✅☑❌]\s*", "", text.strip())))
    text = re.sub(r"\s*\(?(?:\[?(?:see )?(?:issue|PR|pull request|ticket)s?\s*(?:here)?\]?|https?://\S+)\)?\s*$", "", text, flags=re.I)
    return text[:LONGEST_TITLE].rstrip() or "(no words)"


def _inline(part: Part) -> Iterator[Item]:
    """ "[Action Item] …" or "**Action item:** …" anywhere, with the lines of its paragraph."""
    for position, line in enumerate(part.lines):
        found = None if position in part.code else _INLINE.search(line)
        if found:
            paragraph = []
            for row in part.lines[position + 1 :]:
                if not row.strip():
                    break
                paragraph.append(row)
            yield _item(found["text"], paragraph, tag="", done=False, line=part.line + position + 1)


def _table(part: Part) -> Iterator[tuple[int, list[str], list[str]]]:
    """(line, cells, head) of each row of a table whose head names an action."""
    head: list[str] = []
    for position, line in enumerate(part.lines):
        if position in part.code or not line.lstrip().startswith("|"):
            head = head if line.strip() else []
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if all(re.fullmatch(r":?-+:?", cell) for cell in cells):
            continue
        if not head:
            head = [cell.lower() for cell in cells] if any(re.search(r"action|item|task|description|todo", cell, re.I) for cell in cells) else ["?"]
        elif head != ["?"] and any(cells):
            yield part.line + position + 1, cells, head


def _of_row(line: int, cells: list[str], head: list[str], tag: str) -> Item:
    def column(pattern: str) -> str:
        return next((cells[i] for i, name in enumerate(head) if i < len(cells) and re.search(pattern, name)), "")

    text = column(r"action|item|task|description|todo")
    state = column(r"status|state|done")
    due = re.search(r"\d{4}-\d{2}-\d{2}", column(r"due|date|when|by"))
    made = _item(text, [], tag=tag, done=bool(re.search(r"done|complete|closed|fixed|✅", state, re.I)), line=line)
    return Item(
        title=made.title, text=made.text, done=made.done, dropped=made.dropped, owner=plain(column(r"owner|assignee|who|responsible")),
        due=due[0] if due else "", url=made.url or next(iter(_URL.findall(" ".join(cells))), ""), tag=column(r"type|kind") or tag, line=line,
    )  # fmt: skip
