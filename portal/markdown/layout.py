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
    lines = iter(source.split("\n"))
    items: list[int] = []  # the columns where the text of the open list items begins
    after_text = False  # the line before is a sentence, not an item: a list needs an empty line here
    outermost = 0  # how deep the lines since the last empty one began: an item further out needs an empty line too
    after_gap = True
    for line in lines:
        bare = line.lstrip(" \t")
        if not bare:
            after_text, after_gap = False, True
            yield ""
            continue
        column = len(line[: len(line) - len(bare)].expandtabs(_TAB))
        while items and column < items[-1]:
            items.pop()
        inside = column - (items[-1] if items else 0)
        shift = inside if inside >= _TAB else 0
        indent = _TAB * len(items) + shift
        if not shift and (fence := _FENCE.match(bare)):
            yield _rest_of_fence(lines, fence, column=column, indent=indent)
            after_text, after_gap = False, True
            continue
        item = None if shift or _RULE.match(bare) else _ITEM.match(bare)
        depth = len(items)
        if item:
            if after_text or (not after_gap and depth < outermost):
                after_gap = True
                yield ""
            items.append(column + len(item[1]) + max(1, len(item[2])))
        outermost = depth if after_gap else outermost
        after_text, after_gap = not item, False
        yield " " * indent + bare.expandtabs(_TAB)


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
