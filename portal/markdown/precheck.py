"""Texts that would take long are recognised before anything is started. Saves seconds; the kill is the guarantee."""

from __future__ import annotations

import re

from portal.markdown.layout import Fence, pieces

_MARKER = re.compile(r"[ \t]*(>|[-*+](?=\s)|\d{1,9}[.)](?=\s))")
_LINE = 10_000  # characters
_NESTED = 30
_PER_BLOCK = {"[": 2000, "![": 1000, "[^": 500, "<": 2000}
_UNCLOSED = 500


def too_complex(source: str) -> bool:
    """Whether to show the text as plain text at once. Linear, about a millisecond for 20 kB."""
    document = {"<!": 0, "footnotes": 0, "abbreviations": 0}
    block: list[str] = []
    for piece in [*pieces(source), ""]:
        if isinstance(piece, str) and piece:
            if len(piece) >= _LINE or _nested(piece) >= _NESTED:
                return True
            document["<!"] += piece.count("<!")
            document["footnotes"] += piece.startswith("[^")
            document["abbreviations"] += piece.startswith("*[")
            block.append(piece)
        elif block and (isinstance(piece, Fence) or not piece):
            if _crowded("\n".join(block)):
                return True
            block = []
    return document["<!"] > 200 or document["footnotes"] > 300 or document["abbreviations"] > 100


def _crowded(block: str) -> bool:
    if any(block.count(mark) > most for mark, most in _PER_BLOCK.items()):
        return True
    return block.count("[") - block.count("]") > _UNCLOSED


def _nested(line: str) -> int:
    depth = at = 0
    while depth < _NESTED and (marker := _MARKER.match(line, at)):
        depth, at = depth + 1, marker.end()
    return depth
