"""SQLite: an FTS5 table over the documents' stems (bm25 with a weight for each column), and one over the letters of the library's words."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from django.db import connection

from portal.search import engines
from portal.search.models import SearchDocument, SearchWord

if TYPE_CHECKING:
    from portal.search.asking import Question

WEIGHTS = "8.0, 1.0, 0.0"  # head, tail, facets
LETTERS = 60  # words that share most letters


class Sqlite:
    def added(self, rows: Sequence[SearchDocument]) -> None:
        values = [(row.pk, row.head, row.tail, row.facets) for row in rows]
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO search_fts (rowid, head, tail, facets) VALUES (%s, %s, %s, %s)", values)

    def removed(self, rows: Sequence[SearchDocument]) -> None:
        values = [(row.pk, row.head, row.tail, row.facets) for row in rows]
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO search_fts (search_fts, rowid, head, tail, facets) VALUES ('delete', %s, %s, %s, %s)", values)

    def candidates(self, question: Question, *, facets: Mapping[str, Sequence[str]], hidden: Collection[str], limit: int) -> list[int]:
        match = _match(question, facets)
        if not match:
            return []
        where, values = "search_fts MATCH %s", [match]
        if hidden:
            where += f" AND rowid NOT IN (SELECT id FROM search_searchdocument WHERE access <> '' AND access IN ({_marks(hidden)}))"  # noqa: S608
            values += list(hidden)
        sql = f"SELECT rowid FROM search_fts WHERE {where} AND rank MATCH 'bm25({WEIGHTS})' ORDER BY rank LIMIT %s"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(sql, [*values, limit])
            return [int(pk) for (pk,) in cursor.fetchall()]

    def alike(self, word: str) -> list[tuple[str, int]]:
        padded = _padded(word)
        match = " OR ".join(f'"{padded[at : at + 3]}"' for at in range(len(padded) - 2))
        sql = """SELECT w.word, w.documents FROM search_letters l JOIN search_searchword w ON w.id = l.rowid
                 WHERE l.search_letters MATCH %s ORDER BY l.rank LIMIT %s"""
        with connection.cursor() as cursor:
            cursor.execute(sql, [match, LETTERS])
            return [(str(found), int(documents)) for found, documents in cursor.fetchall()]

    def beginning(self, word: str) -> list[str]:
        found = SearchWord.objects.filter(word__gt=word, word__lt=word + "\U0010ffff").order_by("-documents", "word")
        return list(found.values_list("word", flat=True)[:5])

    def learned(self, words: Sequence[tuple[str, str, int]]) -> None:
        self._store(words, "NOTHING")

    def counted(self, words: Sequence[tuple[str, str, int]]) -> None:
        self._store(words, "UPDATE SET documents = documents + excluded.documents")

    def _store(self, words: Sequence[tuple[str, str, int]], or_else: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT coalesce(max(id), 0) FROM search_searchword")
            before = cursor.fetchone()[0]
            sql = f"INSERT INTO search_searchword (word, stem, documents) VALUES (%s, %s, %s) ON CONFLICT (word) DO {or_else}"  # noqa: S608
            cursor.executemany(sql, words)
            letters = "INSERT INTO search_letters (rowid, letters) SELECT id, '__' || word || '_' FROM search_searchword WHERE id > %s AND word <> ''"
            cursor.execute(letters, [before])

    def unlearned(self, pks: Sequence[int]) -> None:
        rows = SearchWord.objects.filter(pk__in=pks).values_list("pk", "word")
        with connection.cursor() as cursor:
            values = [(pk, _padded(word)) for pk, word in rows]
            cursor.executemany("INSERT INTO search_letters (search_letters, rowid, letters) VALUES ('delete', %s, %s)", values)


def _padded(word: str) -> str:
    """Its beginning and its end count as letters too, so that short words are told apart."""
    return f"__{word}_"


def _marks(values: Collection[str]) -> str:
    return ", ".join(["%s"] * len(values))


def _match(question: Question, facets: Mapping[str, Sequence[str]]) -> str:
    """Each stem quoted, so that nothing a person types is syntax."""
    asked = dict.fromkeys(_clause(stems, anywhere) for _, found in engines.choosing(question) for stems, anywhere in found)
    if not asked:
        return ""
    match = "(" + " OR ".join(asked) + ")"
    for name, values in facets.items():
        said = " OR ".join(f'"{engines.facet(name, value)}"' for value in values)
        match += f" AND facets : ({said})"
    return match


def _clause(stems: Sequence[str], anywhere: bool) -> str:
    said = " AND ".join(f'"{stem}"' for stem in stems)
    return f"({{head tail}} : ({said}))" if anywhere else f"(head : ({said}))"
