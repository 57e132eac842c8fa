"""Find: one ranking over all kinds, on both databases; nothing that is typed is an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from portal.accounts.models import User
from portal.search import asking, engines, ranking, snippets
from portal.search.documents import hidden_from
from portal.search.models import SearchDocument
from portal.search.ranking import Answer, Row

BEST = 200  # documents of one engine, among which the ranking decides
ALSO = 3  # further sections of one thing


@dataclass(frozen=True, slots=True)
class Also:
    """Another section of the same thing that answers too."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One thing. `*_html` is escaped, with <mark> around what matched; url leads to the section that answers best, which is `section`."""

    kind: str
    key: str
    title: str
    title_html: SafeString
    section: str
    url: str
    snippet: str
    snippet_html: SafeString
    source_path: str
    label: str
    score: float
    also: tuple[Also, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """hits best first, each thing once. corrected: what was searched instead of misspelt words, or "". total: things among the best 200 documents."""

    hits: list[SearchHit]
    corrected: str
    total: int


def find(text: str, *, user: User | None, kinds: Sequence[str] = (), facets: Mapping[str, Sequence[str]] | None = None, limit: int = 20) -> Found:
    """What answers `text`, any of its words counting, of what this reader may see (None: what everybody may).

    Words that the library lacks are replaced by the nearest it has. facets: {"service": ["agent-api"]} and the like.
    5 queries, and up to 2 for each misspelt word (up to 4).
    """
    question = asking.understand(text)
    if not question.concepts:
        return Found([], "", 0)
    wanted = {**({"kind": list(kinds)} if kinds else {}), **(facets or {})}
    hidden = hidden_from(user)
    candidates = engines.current().candidates(question, facets=wanted, hidden=hidden, limit=BEST)
    answers = ranking.best(question, _rows(candidates, hidden))
    return Found([_hit(answer, question.shown) for answer in answers[:limit]], question.corrected, len(answers))


def _rows(candidates: Sequence[int], hidden: set[str]) -> list[Row]:
    """The candidates, and the heads of the things that they are sections of. 1-2 queries."""
    rows = [Row(*values) for values in SearchDocument.objects.filter(pk__in=candidates).order_by().values_list(*Row._fields)]
    missing = {row.group for row in rows} - {row.group for row in rows if row.part == 0}
    if missing:
        heads = SearchDocument.objects.filter(group__in=missing, part=0).order_by().values_list(*Row._fields)
        rows += [row for values in heads if (row := Row(*values)).access not in hidden]
    return rows


def _hit(answer: Answer, shown: Sequence[str]) -> SearchHit:
    best = answer.parts[0]
    snippet = snippets.excerpt(best.body or answer.head.body, shown)
    return SearchHit(
        kind=best.kind,
        key=best.key,
        title=answer.head.title,
        title_html=snippets.marked(answer.head.title, shown),
        section=best.section,
        url=best.url,
        snippet=snippet,
        snippet_html=snippets.marked(snippet, shown),
        source_path=best.source_path,
        label=answer.head.label,
        score=round(answer.score, 4),
        also=tuple(Also(part.section, part.url) for part in answer.parts[1 : 1 + ALSO] if part.section),
    )
