"""The two lines around the best match: escaped first, marked second."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from portal.search.terms import plain

LENGTH = 200  # characters
SEARCHED = 20_000  # characters of a text in which the best place is looked for


def excerpt(body: str, terms: Iterable[str]) -> str:
    """About 200 characters of the text around where most terms stand together; its beginning without a match."""
    text = " ".join(body[:SEARCHED].split())
    pattern = _pattern(tuple(terms))
    hits = [match.start() for match in pattern.finditer(_plain(text))] if pattern else []
    if not hits:
        return text[:LENGTH] + ("…" if len(text) > LENGTH else "")
    best = max(hits[:200], key=lambda at: (sum(at <= other < at + LENGTH for other in hits[:200]), -at))
    start = max(best - 30, 0)
    start = text.rfind(" ", 0, start) + 1 if start else 0
    end = start + LENGTH
    return ("…" if start else "") + text[start:end].strip() + ("…" if end < len(text) else "")


def marked(text: str, terms: Iterable[str]) -> SafeString:
    """The text escaped, its matching words in <mark>."""
    pattern, out, last = _pattern(tuple(terms)), [], 0
    for match in pattern.finditer(_plain(text)) if pattern else ():
        out += [escape(text[last : match.start()]), "<mark>", escape(text[match.start() : match.end()]), "</mark>"]
        last = match.end()
    out.append(escape(text[last:]))
    return mark_safe("".join(out))  # noqa: S308  (every piece of text was escaped above)


def _plain(text: str) -> str:
    """Lower case without accents, letter for letter."""
    return text.lower() if text.isascii() else "".join(map(_letter, text))


@lru_cache(maxsize=4096)
def _letter(c: str) -> str:
    return plain(c)[:1] or " "


@lru_cache(maxsize=256)
def _pattern(terms: tuple[str, ...]) -> re.Pattern[str] | None:
    """Words that begin like one of the terms: endings differ. Also inside words put together (CrashLooping)."""
    begun = sorted({term[: max(len(term) - 2, 4)] for term in terms if term}, key=len, reverse=True)
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(map(re.escape, begun))})[^\W_]*") if begun else None
