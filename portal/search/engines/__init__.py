"""Engines: how documents are kept findable and ranked, one for each database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import TYPE_CHECKING, Protocol

from django.db import connection

if TYPE_CHECKING:
    from portal.search.models import SearchDocument


class Engine(Protocol):
    def added(self, rows: Sequence[SearchDocument]) -> None:
        """Make rows findable that were just inserted, in the caller's transaction."""
        ...

    def removed(self, rows: Sequence[SearchDocument]) -> None:
        """Forget rows that are about to be deleted, in the caller's transaction."""
        ...

    def ranked(
        self, terms: Sequence[str], *, prefix: str, kinds: Sequence[str], hidden: Collection[str], limit: int
    ) -> tuple[list[tuple[int, float]], int]:
        """(document, score) best first, any of the terms, and how many match in all. `prefix`: a term that may go on, or "".

        What is hidden is left out before anything is ranked or counted. A fixed number of queries.
        """
        ...

    def known(self, terms: Sequence[str]) -> set[str]:
        """Those terms that some document has, in any inflection. 1 query."""
        ...

    def nearest(self, word: str) -> list[str]:
        """Up to two words of the library that look most like this one. 1 query."""
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
