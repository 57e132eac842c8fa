"""Engines: how documents are kept findable and how the candidates of a question are chosen, one for each database."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Protocol

from django.db import connection

if TYPE_CHECKING:
    from portal.search.asking import Question
    from portal.search.models import SearchDocument


class Engine(Protocol):
    def added(self, rows: Sequence[SearchDocument]) -> None:
        """Make rows findable that were just inserted, in the caller's transaction."""
        ...

    def removed(self, rows: Sequence[SearchDocument]) -> None:
        """Forget rows that are about to be deleted, in the caller's transaction."""
        ...

    def candidates(self, question: Question, *, facets: Mapping[str, Sequence[str]], hidden: Collection[str], limit: int) -> list[int]:
        """Documents that answer any part of the question, the best `limit` by the engine's own full rank. 1 query.

        facets: by name, the values of which one must hold. What is hidden is left out before anything is ranked.
        """
        ...

    def alike(self, word: str) -> list[tuple[str, int]]:
        """Up to 60 words of the library that share most of their letters in a row, with their counts. 1 query."""
        ...

    def beginning(self, word: str) -> list[str]:
        """Up to five words of the library that go on from here, the commonest first. 1 query."""
        ...

    def learned(self, words: Sequence[tuple[str, str, int]]) -> None:
        """Store words (with stem and count) that are not stored yet; one that is there already stays. 1-2 queries."""
        ...

    def counted(self, words: Sequence[tuple[str, str, int]]) -> None:
        """Add to the counts of words, and store those that are not there yet. 1-2 queries."""
        ...

    def unlearned(self, pks: Sequence[int]) -> None:
        """Words that are about to be deleted."""
        ...


@cache
def _of(vendor: str) -> Engine:
    if vendor == "postgresql":
        from portal.search.engines.postgres import Postgres

        return Postgres()
    from portal.search.engines.sqlite import Sqlite

    return Sqlite()


def current() -> Engine:
    return _of(connection.vendor)


@lru_cache(maxsize=4096)
def facet(name: str, value: str) -> str:
    """As it is stored in `SearchDocument.facets`: one token of letters and digits."""
    return f"{name}x" + "".join(c if c.isascii() and c.isalnum() else f"z{ord(c):x}z" for c in value.lower())


ENOUGH = 0.15  # of the most telling concept's importance: what tells less chooses no candidates, it only ranks them


def choosing(question: Question) -> list[tuple[float, list[tuple[tuple[str, ...], bool]]]]:
    """The concepts that choose candidates: importance, and alternatives as (stems, anywhere)."""
    most = max((concept.importance for concept in question.concepts), default=0.0)
    telling = [concept for concept in question.concepts if concept.importance >= ENOUGH * most]
    return [(concept.importance, [(one.stems, one.anywhere) for one in concept.alternatives]) for concept in telling]
