"""PostgreSQL: a weighted tsvector with a GIN index; each term counts by how rare it is; pg_trgm over the library's words for spelling."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.db import connection

from portal.search import terms as words
from portal.search.engines.sqlite import learn
from portal.search.models import SearchDocument

# D, C, B, A: unused, body, title, names and path
WEIGHTS = "{0.1, 0.15, 0.55, 1.0}"
LIKE_ENOUGH = 0.3
VECTOR = """
    setweight(to_tsvector('english', %s), 'A') || setweight(to_tsvector('simple', %s), 'A')
    || setweight(to_tsvector('english', %s), 'B') || setweight(to_tsvector('english', %s), 'C')
"""


class Postgres:
    def added(self, rows: Sequence[SearchDocument]) -> None:
        with connection.cursor() as cursor:
            for row in rows:
                names = words.expanded(f"{row.names} {row.source_path}")
                values: list[Any] = [names, names, words.expanded(row.title), words.expanded(row.body), row.pk]
                cursor.execute(f"UPDATE search_searchdocument SET vector = {VECTOR} WHERE id = %s", values)  # noqa: S608
        learn(rows)

    def removed(self, rows: Sequence[SearchDocument]) -> None:
        """The vector goes with its row."""

    def ranked(
        self, terms: Sequence[str], *, prefix: str, kinds: Sequence[str], hidden: Collection[str], limit: int
    ) -> tuple[list[tuple[int, float]], int]:
        asked = [(term, "") for term in terms if term] + ([(prefix, ":*")] if prefix else [])
        if not asked:
            return [], 0
        where, values = "", []
        if kinds:
            where += " AND d.kind = ANY(%s)"
            values.append(list(kinds))
        if hidden:
            where += " AND NOT d.access = ANY(%s)"
            values.append(list(hidden))
        # idf × sqrt(rank) summed over the terms: a rare word tells more, a long text repeats.
        sql = f"""
            WITH asked AS (SELECT to_tsquery('english', term) AS q FROM unnest(%s::text[]) AS term),
            hits AS (
                SELECT a.q, d.id, sqrt(ts_rank(%s::float4[], d.vector, a.q, 1)) AS rank
                FROM asked a JOIN search_searchdocument d ON d.vector @@ a.q WHERE numnode(a.q) > 0 {where}
            ),
            rarity AS (SELECT q, ln(1 + (SELECT count(*) FROM search_searchdocument)::float / count(*)) AS idf FROM hits GROUP BY q),
            scored AS (SELECT h.id, sum(r.idf * h.rank) AS score FROM hits h JOIN rarity r ON r.q = h.q GROUP BY h.id)
            SELECT id, score, count(*) OVER () FROM scored ORDER BY score DESC, id LIMIT %s
        """  # noqa: S608
        lexemes = [f"'{term}'{ending}" for term, ending in asked]
        with connection.cursor() as cursor:
            cursor.execute(sql, [lexemes, WEIGHTS, *values, limit])
            rows = cursor.fetchall()
        return [(int(pk), float(score)) for pk, score, _ in rows], int(rows[0][2]) if rows else 0

    def known(self, terms: Sequence[str]) -> set[str]:
        sql = """SELECT term FROM unnest(%s::text[]) AS term
                 WHERE EXISTS (SELECT 1 FROM search_searchdocument d WHERE d.vector @@ to_tsquery('english', quote_literal(term)))"""
        with connection.cursor() as cursor:
            cursor.execute(sql, [list(terms)])
            return {row[0] for row in cursor.fetchall()}

    def nearest(self, word: str) -> list[str]:
        sql = """SELECT word FROM search_searchword WHERE word %% %s AND similarity(word, %s) >= %s
                 ORDER BY similarity(word, %s) - abs(length - %s) * 0.02 DESC, word LIMIT 2"""
        values: list[Any] = [word, word, LIKE_ENOUGH, word, len(word)]
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return [row[0] for row in cursor.fetchall()]
