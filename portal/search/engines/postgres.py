"""PostgreSQL: a weighted tsvector of our own stems with a GIN index; each concept counts by how rare it is; pg_trgm over the words for spelling."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.db import connection

from portal.search import engines
from portal.search.models import SearchDocument, SearchWord

if TYPE_CHECKING:
    from portal.search.asking import Question

WEIGHTS = "{0.15, 0.15, 0.15, 1.0}"  # D: text; A: what it is called
CALLED = "/"  # before a stem: stands in what a thing or section is called
FACET = "#"
LIKE_ENOUGH = 0.25
LETTERS = 60
LEARNING = 5_020_117  # an advisory lock


class Postgres:
    def added(self, rows: Sequence[SearchDocument]) -> None:
        sql = """UPDATE search_searchdocument AS d SET vector = n.vector::tsvector
                 FROM unnest(%s::bigint[], %s::text[]) AS n(id, vector) WHERE d.id = n.id"""
        with connection.cursor() as cursor:
            cursor.execute(sql, [[row.pk for row in rows], [_vector(row) for row in rows]])

    def removed(self, rows: Sequence[SearchDocument]) -> None:
        """The vector goes with its row."""

    def candidates(self, question: Question, *, facets: Mapping[str, Sequence[str]], hidden: Collection[str], limit: int) -> list[int]:
        asked = [(_query(found), importance) for importance, found in engines.choosing(question)]
        if not asked:
            return []
        where, values = "", list[Any]()
        for name, wanted in facets.items():
            where += " AND d.vector @@ %s::tsquery"
            values.append(" | ".join(f"'{FACET}{engines.facet(name, value)}'" for value in wanted))
        if hidden:
            where += " AND NOT d.access = ANY(%s)"
            values.append(list(hidden))
        # importance × sqrt(rank) summed over the concepts: a rare word tells more, a long text repeats.
        sql = f"""
            WITH asked AS (SELECT q::tsquery AS q, importance FROM unnest(%s::text[], %s::float8[]) AS a(q, importance)),
            hits AS (
                SELECT d.id, a.importance * sqrt(ts_rank(%s::float4[], d.vector, a.q, 1)) AS score
                FROM asked a JOIN search_searchdocument d ON d.vector @@ a.q WHERE TRUE {where}
            )
            SELECT id FROM hits GROUP BY id ORDER BY sum(score) DESC, id LIMIT %s
        """  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(sql, [[q for q, _ in asked], [importance for _, importance in asked], WEIGHTS, *values, limit])
            return [int(pk) for (pk,) in cursor.fetchall()]

    def alike(self, word: str) -> list[tuple[str, int]]:
        sql = """SELECT word, documents FROM search_searchword WHERE (word || '') %% %s AND similarity(word, %s) >= %s
                 ORDER BY similarity(word, %s) DESC, word LIMIT %s"""
        with connection.cursor() as cursor:
            cursor.execute(f"SET pg_trgm.similarity_threshold = {LIKE_ENOUGH}")
            cursor.execute(sql, [word, word, LIKE_ENOUGH, word, LETTERS])
            return [(str(found), int(documents)) for found, documents in cursor.fetchall()]

    def beginning(self, word: str) -> list[str]:
        found = SearchWord.objects.filter(word__startswith=word).exclude(word=word).order_by("-documents", "word")
        return list(found.values_list("word", flat=True)[:5])

    def learned(self, words: Sequence[tuple[str, str, int]]) -> None:
        """By one transaction at a time: others leave their words to the next count instead of waiting for each other."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LEARNING])
            if words and cursor.fetchone()[0]:
                _store(cursor, words, "NOTHING")

    def counted(self, words: Sequence[tuple[str, str, int]]) -> None:
        with connection.cursor() as cursor:
            _store(cursor, words, "UPDATE SET documents = search_searchword.documents + excluded.documents")

    def unlearned(self, pks: Sequence[int]) -> None:
        """The trigram index keeps itself."""


def _store(cursor: Any, words: Sequence[tuple[str, str, int]], or_else: str) -> None:
    sql = f"""INSERT INTO search_searchword (word, stem, documents)
              SELECT * FROM unnest(%s::text[], %s::text[], %s::int[]) ORDER BY 1 ON CONFLICT (word) DO {or_else}"""  # noqa: S608
    cursor.execute(sql, [list(column) for column in zip(*words, strict=True)])


def _vector(row: SearchDocument) -> str:
    """The text form of a tsvector. Stems hold letters and digits only, so nothing needs a quote of its own."""
    places: dict[str, list[str]] = defaultdict(list)
    at = 0
    for stem in row.head.split():
        at += 1
        places[stem].append(f"{at}A")
        places[CALLED + stem] = ["1A"]
    for stem in row.tail.split():
        at += 1
        if at < 16_000 and len(places[stem]) < 200:
            places[stem].append(str(at))
        elif not places[stem]:
            places[stem].append("16000")
    lexemes = [f"'{stem}':{','.join(found)}" for stem, found in places.items()]
    return " ".join([*lexemes, *(f"'{FACET}{facet}'" for facet in row.facets.split())])


def _query(found: Sequence[tuple[tuple[str, ...], bool]]) -> str:
    """Any of the alternatives, as the text form of a tsquery."""
    clauses = ["(" + " & ".join(f"'{'' if anywhere else CALLED}{stem}'" for stem in stems) + ")" for stems, anywhere in found]
    return " | ".join(dict.fromkeys(clauses))
