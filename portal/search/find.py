"""Find: one ranking over all kinds, on both databases; nothing that is typed is an error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from portal.accounts.models import User
from portal.search import engines, snippets, terms
from portal.search.documents import hidden_from
from portal.search.models import SearchDocument

BEST = 200  # of one engine, from which the page is taken
PREFIX_FROM = 3  # letters of a word that is still being typed
CORRECT_FROM = 4  # letters: shorter ones are names and abbreviations


@dataclass(frozen=True, slots=True)
class SearchHit:
    """`*_html` is escaped, with <mark> around what matched."""

    kind: str
    title: str
    title_html: SafeString
    url: str
    snippet: str
    snippet_html: SafeString
    source_path: str
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class Found:
    """hits best first. corrected: what was searched instead of misspelt words, or "". total: how many documents match."""

    hits: list[SearchHit]
    corrected: str
    total: int


def find(text: str, *, user: User | None, kinds: Sequence[str] = (), limit: int = 20) -> Found:
    """What answers `text`, any of its words counting, of what this reader may see (None: what everybody may).

    Words that the library lacks are replaced by the nearest it has. At most 4 queries and 1 for each misspelt word (up to 4).
    """
    asked = terms.asked(text)
    if not asked:
        return Found([], "", 0)
    engine, hidden = engines.current(), hidden_from(user)
    last = terms.words(text)[-1:] if not text[-1:].isspace() else []
    prefix = last[0] if last and len(last[0]) >= PREFIX_FROM and last[0] in asked else ""
    instead = _corrections(asked, prefix, engine)
    wanted = [word for term in asked for word in (instead.get(term) or [term])]
    ranked, total = engine.ranked(list(dict.fromkeys(wanted)), prefix="" if prefix in instead else prefix, kinds=kinds, hidden=hidden, limit=BEST)
    rows = SearchDocument.objects.in_bulk([pk for pk, _ in ranked[:limit]])
    corrected = " ".join((instead.get(term) or [term])[0] for term in asked) if instead else ""
    return Found([_hit(rows[pk], score, wanted) for pk, score in ranked[:limit] if pk in rows], corrected, total)


def _corrections(asked: Sequence[str], prefix: str, engine: engines.Engine) -> dict[str, list[str]]:
    """The nearest words of the library for terms that it lacks."""
    long_enough = [term for term in asked if len(term) >= CORRECT_FROM and not term.isdigit()]
    if not long_enough:
        return {}
    known = engine.known(long_enough)
    lacking = [term for term in long_enough if term not in known]
    found = {}
    for term in lacking[:4]:
        if term == prefix and engine.ranked([], prefix=prefix, kinds=(), hidden=(), limit=1)[0]:
            continue  # the beginning of a word that exists
        if near := engine.nearest(term):
            found[term] = near
    return found


def _hit(row: SearchDocument, score: float, wanted: Sequence[str]) -> SearchHit:
    snippet = snippets.excerpt(row.body, wanted)
    return SearchHit(
        kind=row.kind,
        title=row.title,
        title_html=snippets.marked(row.title, wanted),
        url=row.url,
        snippet=snippet,
        snippet_html=snippets.marked(snippet, wanted),
        source_path=row.source_path,
        label=row.label,
        score=round(score, 4),
    )
