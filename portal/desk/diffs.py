"""What changed between two long texts, line by line, with the changed words marked. Pure; bounded whatever the texts are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

CONTEXT = 2  # unchanged lines shown around a change
MOST_LINES, MOST_PAIRS, MOST_WORDS = 700, 60, 300  # beyond them a change is shown whole: matching costs the product of both lengths
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")

Kind = Literal["same", "added", "removed", "skipped"]


@dataclass(frozen=True, slots=True)
class Line:
    """parts: the line's text in pieces, each with whether it is what changed in the line. A skipped one says how many lines it stands for."""

    kind: Kind
    parts: tuple[tuple[str, bool], ...]
    skipped: int = 0

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.parts)


def lines(before: str, after: str, *, context: int = CONTEXT) -> list[Line]:
    """The readable difference; an empty list when both are equal. Line ends do not count."""
    old, new = before.replace("\r\n", "\n").split("\n"), after.replace("\r\n", "\n").split("\n")
    if old == new:
        return []
    found: list[Line] = []
    for tag, i1, i2, j1, j2 in opcodes(old, new):
        if tag == "equal":
            found += [Line("same", ((line, False),)) for line in old[i1:i2]]
        else:
            found += _changed(old[i1:i2], new[j1:j2])
    return list(_folded(found, context))


def opcodes(old: Sequence[str], new: Sequence[str]) -> list[tuple[str, int, int, int, int]]:
    """As difflib's, after setting the common head and tail aside; what is too long to match is one replacement."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    a, b = old[head : len(old) - tail], new[head : len(new) - tail]
    found = [("equal", 0, head, 0, head)] if head else []
    if len(a) * len(b) > MOST_LINES**2:
        found.append(("replace", head, head + len(a), head, head + len(b)))
    elif a or b:
        matched = SequenceMatcher(None, a, b).get_opcodes()
        found += [(tag, i1 + head, i2 + head, j1 + head, j2 + head) for tag, i1, i2, j1, j2 in matched]
    if tail:
        found.append(("equal", len(old) - tail, len(old), len(new) - tail, len(new)))
    return found


def _changed(removed: Sequence[str], added: Sequence[str]) -> Iterator[Line]:
    """Removed lines, then added ones; where as many were removed as added, each pair is compared by words."""
    alike = len(removed) == len(added) <= MOST_PAIRS
    pairs = [_words(one, other) for one, other in zip(removed, added, strict=True)] if alike else []
    yield from (Line("removed", pair[0]) for pair in pairs)
    yield from (Line("added", pair[1]) for pair in pairs)
    if not pairs:
        yield from (Line("removed", ((line, False),)) for line in removed)
        yield from (Line("added", ((line, False),)) for line in added)


def _words(before: str, after: str) -> tuple[tuple[tuple[str, bool], ...], tuple[tuple[str, bool], ...]]:
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if not old or not new or max(len(old), len(new)) > MOST_WORDS:
        return ((before, False),), ((after, False),)
    left: list[tuple[str, bool]] = []
    right: list[tuple[str, bool]] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        changed = tag != "equal"
        if i1 < i2:
            left.append(("".join(old[i1:i2]), changed))
        if j1 < j2:
            right.append(("".join(new[j1:j2]), changed))
    if not any(not changed for _, changed in left):  # nothing in common: marking every word says nothing
        return ((before, False),), ((after, False),)
    return tuple(left), tuple(right)


def _folded(found: list[Line], context: int) -> Iterator[Line]:
    """Unchanged stretches are cut to `context` lines beside each change."""
    changed = [number for number, line in enumerate(found) if line.kind != "same"]
    near = {number + step for number in changed for step in range(-context, context + 1)}
    skipped = 0
    for number, line in enumerate(found):
        if number in near:
            if skipped:
                yield Line("skipped", (), skipped)
            skipped = 0
            yield line
        else:
            skipped += 1
    if skipped:
        yield Line("skipped", (), skipped)
