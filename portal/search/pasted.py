"""What people paste into a search box: a whole alert, a log line, a stack of both. Pure: only the telling part stays."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

LONGEST = 10_000  # characters that are looked at
DEEP = 8
_TELLING = ("alertname", "summary", "description", "message", "msg", "error", "title", "reason", "service", "job", "component", "container")
_NOISE = re.compile(
    r"""\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?([.,]\d+)?(Z|[+-]\d\d:?\d\d)?   # 2026-03-03T12:00:00.123Z
    | \b[A-Z][a-z]{2}\s+\d{1,2}\s\d\d:\d\d:\d\d\b                            # Mar  3 12:00:00
    | \b\d\d:\d\d:\d\d([.,]\d+)?\b
    | \b[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b                 # uuid
    | \b0x[0-9a-fA-F]+\b | \b(?=[0-9a-f]*\d)(?=\d*[a-f])[0-9a-f]{9,64}\b      # addresses, hashes
    | \b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b                                       # 10.1.2.3:6379
    | \{\{.*?\}\}""",
    re.VERBOSE,
)


def telling(text: str) -> str:
    """The part of a pasted text that says what is wrong; a typed query comes back as it is."""
    text = text[:LONGEST]
    found = _of_json(text)
    if found is not None:
        return found
    return _NOISE.sub(" ", text) if len(text) > 40 or "\n" in text else text


def _of_json(text: str) -> str | None:
    bare = text.strip()
    if not bare.startswith(("{", "[")):
        return None
    try:
        data = json.loads(bare)
    except (ValueError, RecursionError):
        return None
    said = list(dict.fromkeys(_said(data, 0)))
    ordered = [value for name in _TELLING for key, value in said if key == name]
    return _NOISE.sub(" ", " ".join(dict.fromkeys(ordered or [value for _, value in said])))[:LONGEST] or None


def _said(data: Any, depth: int) -> Iterator[tuple[str, str]]:
    """Every text with the name it stands under."""
    if depth > DEEP:
        return
    if isinstance(data, dict):
        for key, value in data.items():
            if isinstance(value, str):
                yield str(key), value
            else:
                yield from _said(value, depth + 1)
    elif isinstance(data, list):
        for value in data[:20]:
            yield from _said(value, depth + 1)
