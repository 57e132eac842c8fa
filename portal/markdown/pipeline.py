"""Stages 3 to 5 in order: Markdown, highlighting, cleaning. Runs in the child only; a page must never call it directly."""

from __future__ import annotations

import re

from portal.markdown import formatting, limits, sanitise

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_UNCOUNTED = frozenset("area base br col embed hr img input link meta source track wbr p li dt dd tr td th thead tbody tfoot".split())  # noqa: SIM905


class TooComplex(Exception):
    """The text is to be shown as plain text; the message says why."""


def formatted(source: str, *, short: bool, prefix: str, own_images: bool) -> str:
    """HTML that is safe to show. Raises: TooComplex."""
    html = formatting.to_raw_html(source, short=short, prefix=prefix)
    if len(html) > limits.HTML:
        raise TooComplex("too much HTML")
    if deepest(html) > limits.DEEP:
        raise TooComplex("tags nested too deep")
    return sanitise.sanitise(html, own_images=own_images)


def deepest(html: str) -> int:
    """How many tags are open at once at most; those that the parser closes by itself are not counted. Linear."""
    open_by_name: dict[str, int] = {}
    depth = most = 0
    for closing, name in _TAG.findall(html):
        name = name.lower()
        if name in _UNCOUNTED:
            continue
        if not closing:
            open_by_name[name] = open_by_name.get(name, 0) + 1
            depth += 1
            most = max(most, depth)
        elif open_by_name.get(name):
            open_by_name[name] -= 1
            depth -= 1
    return most
