"""Lines and fenced blocks of a text, with lists laid out the way the formatter wants them. Linear; used by the pre-check too.

People write lists as their editor or a code forge taught them: nested by two or three spaces, straight after a sentence, with code inside an item.
The formatter wants four spaces and empty lines. This pass translates; nothing else is changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FENCE = re.compile(r"(`{3,})([^`]*)$|(~{3,})(.*)$")
_ITEM = re.compile(r"([-*+]|\d{1,9}[.)])( {1,4}(?=\S)| +|$)")
_INTERRUPTS = re.compile(r"([-*+]|1[.)]) +\S")
_RULE = re.compile(r"([-*_])(\s*\1){2,}\s*$")
_TAB = 4


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block. indent: where its placeholder belongs, in columns."""

    indent: int
    info: str
    code: str


def pieces(source: str) -> Iterator[str | Fence]:
    """Each line outside fenced blocks, and each fenced block; one that is never closed runs to the end."""
    lines, place = iter(source.split("\n")), _Place()
    for line in lines:
        bare = line.lstrip(" \t")
        if not bare:
            place.gap()
            yield ""
            continue
        column = len(line[: len(line) - len(bare)].expandtabs(_TAB))
        indent, own_level = place.move_to(column)
        if own_level and (fence := _FENCE.match(bare)):
            place.gap()
            yield _rest_of_fence(lines, fence, column=column, indent=indent)
            continue
        item = place.item(bare) if own_level else None
        if item and place.needs_gap_before_item():
            place.gap()
            yield ""
        place.line(item, column)
        yield " " * indent + _with_point(bare, item).expandtabs(_TAB)


class _Place:
    """Where in the text's lists we are."""

    def __init__(self) -> None:
        self.items: list[int] = []  # the columns where the text of the open list items begins
        self.depth = 0  # of the current line
        self.gap()

    def gap(self) -> None:
        """An empty line or a fenced block: a list may begin behind it."""
        self.after_text = False  # the line before is a sentence, not an item
        self.after_item = False  # an item stands somewhere since the gap
        self.outermost: int | None = None  # how deep the first line since the gap is

    def move_to(self, column: int) -> tuple[int, bool]:
        """The indent that the formatter wants there, and whether it is that of a list level and not of indented code."""
        while self.items and column < self.items[-1]:
            self.items.pop()
        self.depth = len(self.items)
        further = column - (self.items[-1] if self.items else 0)
        own_level = further < _TAB
        return _TAB * self.depth + (0 if own_level else further), own_level

    def item(self, bare: str) -> re.Match[str] | None:
        """A list item. In the middle of a paragraph only a bullet or `1.` begins a list: `2024.` may be the end of a sentence."""
        found = None if _RULE.match(bare) else _ITEM.match(bare)
        if found and self.after_text and not self.after_item and not (self.items or _INTERRUPTS.match(bare)):
            return None
        return found

    def needs_gap_before_item(self) -> bool:
        return self.after_text or (self.outermost is not None and self.depth < self.outermost)

    def line(self, item: re.Match[str] | None, column: int) -> None:
        if self.outermost is None:
            self.outermost = self.depth
        self.after_text, self.after_item = not item, self.after_item or bool(item)
        if item:
            self.items.append(column + len(item[1]) + max(1, len(item[2])))


def _with_point(bare: str, item: re.Match[str] | None) -> str:
    """The formatter knows `1.` but not `1)`."""
    if item and item[1].endswith(")"):
        return f"{item[1][:-1]}.{bare[item.end(1) :]}"
    return bare


def _rest_of_fence(lines: Iterator[str], opening: re.Match[str], *, column: int, indent: int) -> Fence:
    fence, info = opening[1] or opening[3], opening[2] or opening[4] or ""
    code = []
    for line in lines:
        bare = line.strip()
        if bare.startswith(fence) and not bare.strip(fence[0]):
            break
        code.append(_without_indent(line, column))
    return Fence(indent, info, "\n".join(code) + "\n" if code else "")


def _without_indent(line: str, columns: int) -> str:
    """Up to that many columns of leading space less; tabs behind them stay tabs."""
    at = 0
    while at < len(line) and at < columns and line[at] == " ":
        at += 1
    return line[at:]
