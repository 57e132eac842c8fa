"""The two lines around the best match: escaped first, marked second."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from portal.search.terms import plain

LENGTH = 200  # characters
_WORD = re.compile(r"[^\W_]+", re.UNICODE)


def _stems(terms: Iterable[str]) -> tuple[str, ...]:
    """The beginnings by which a word of the text counts as a match: endings differ."""
    return tuple(term[: max(len(term) - 2, 4)] for term in terms)


def excerpt(body: str, terms: Iterable[str]) -> str:
    """About 200 characters of the text around where most terms stand together; its beginning without a match."""
    text = " ".join(body.split())
    stems = _stems(terms)
    hits = [match.start() for match in _WORD.finditer(text) if stems and plain(match[0]).startswith(stems)]
    if not hits:
        return text[:LENGTH] + ("…" if len(text) > LENGTH else "")
    best = max(hits, key=lambda at: (sum(at <= other < at + LENGTH for other in hits), -at))
    start = max(best - 30, 0)
    start = text.rfind(" ", 0, start) + 1 if start else 0
    end = start + LENGTH
    return ("…" if start else "") + text[start:end].strip() + ("…" if end < len(text) else "")


def marked(text: str, terms: Iterable[str]) -> SafeString:
    """The text escaped, its matching words in <mark>."""
    stems, out, last = _stems(terms), [], 0
    for match in _WORD.finditer(text):
        if stems and plain(match[0]).startswith(stems):
            out += [escape(text[last : match.start()]), "<mark>", escape(match[0]), "</mark>"]
            last = match.end()
    out.append(escape(text[last:]))
    return mark_safe("".join(out))  # noqa: S308  (every piece of text was escaped above)
