"""Label matchers of a runbook: which alerts fit them, and how people write them, `team="db"` or `alertname=~"Pg.*"`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from portal.errors import Invalid

MOST = 20  # of one runbook
_LINE = re.compile(r'\s*([A-Za-z_]\w{0,99})\s*(=~|!~|!=|=)\s*"?([^"]{0,300})"?\s*,?\s*')


def holds(matchers: Iterable[Iterable[str]], labels: Mapping[str, str]) -> bool:
    """`=`, `!=`: the very value. `=~`, `!~`: any of several values with | between them, where * stands for any letters."""
    for name, operator, value in matchers:
        given = labels.get(name, "")
        fits = given == value if operator in ("=", "!=") else any(_fits(pattern, given) for pattern in value.split("|"))
        if fits != (operator in ("=", "=~")):
            return False
    return True


def _fits(pattern: str, given: str) -> bool:
    """Without a regular expression, so that nobody's pattern takes for ever: `.*` and `*` stand for any letters."""
    first, *rest = pattern.replace(".*", "*").split("*")
    if not rest:
        return given == first
    *middle, last = rest
    if not given.startswith(first) or not given.endswith(last) or len(given) < len(first) + len(last):
        return False
    at, end = len(first), len(given) - len(last)
    for piece in middle:
        at = given.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True


def shown(matchers: Iterable[Iterable[str]]) -> str:
    """On one line, as Prometheus writes them."""
    return ", ".join(f'{name}{operator}"{value}"' for name, operator, value in matchers)


def as_lines(matchers: Iterable[Iterable[str]]) -> str:
    """One on each line, for a form."""
    return "\n".join(shown([matcher]) for matcher in matchers)


def from_lines(text: str) -> list[list[str]]:
    """What `as_lines` wrote. Raises: Invalid, with the line that is none, or too many of them."""
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        match = _LINE.fullmatch(line)
        if not match:
            raise Invalid(f'“{line[:80]}” is no matcher. Write a label, = or =~, and a value, such as team="db".')
        found.append([match[1], match[2], match[3].strip()])
    if len(found) > MOST:
        raise Invalid(f"A runbook has up to {MOST} matchers; these are {len(found)}.")
    return found
