"""SQLite: an FTS5 table beside the documents (bm25 with a weight for each column), and the words of the library for spelling."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import SequenceMatcher
from typing import Any

from django.db import connection

from portal.search import terms as words
from portal.search.models import SearchDocument, SearchWord

WEIGHTS = "4.0, 8.0, 1.0"  # title, names and path, body
LIKE_ENOUGH = 0.7


class Sqlite:
    def added(self, rows: Sequence[SearchDocument]) -> None:
        values = [(row.pk, words.expanded(row.title), words.expanded(f"{row.names} {row.source_path}"), words.expanded(row.body)) for row in rows]
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO search_fts (rowid, title, names, body) VALUES (%s, %s, %s, %s)", values)
        learn(rows)

    def removed(self, rows: Sequence[SearchDocument]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany("DELETE FROM search_fts WHERE rowid = %s", [(row.pk,) for row in rows])

    def ranked(
        self, terms: Sequence[str], *, prefix: str, kinds: Sequence[str], hidden: Collection[str], limit: int
    ) -> tuple[list[tuple[int, float]], int]:
        match = _match(terms, prefix)
        if not match:
            return [], 0
        where, values = "search_fts MATCH %s", [match]
        if kinds:
            where += f" AND d.kind IN ({_marks(kinds)})"
            values += list(kinds)
        if hidden:
            where += f" AND d.access NOT IN ({_marks(hidden)})"
            values += list(hidden)
        table = "search_fts JOIN search_searchdocument d ON d.id = search_fts.rowid"
        with connection.cursor() as cursor:
            rank = f"SELECT d.id, -bm25(search_fts, {WEIGHTS}) AS score FROM {table} WHERE {where}"  # noqa: S608
            cursor.execute(f"{rank} ORDER BY score DESC, d.id LIMIT %s", [*values, limit])
            found = [(int(pk), float(score)) for pk, score in cursor.fetchall()]
            cursor.execute(f"SELECT count(*) FROM {table} WHERE {where}", values)  # noqa: S608
            return found, int(cursor.fetchone()[0])

    def known(self, terms: Sequence[str]) -> set[str]:
        if not terms:
            return set()
        each = " UNION ALL ".join("SELECT %s WHERE EXISTS (SELECT 1 FROM search_fts WHERE search_fts MATCH %s)" for _ in terms)
        with connection.cursor() as cursor:
            cursor.execute(each, [value for term in terms for value in (term, _match([term], ""))])
            return {row[0] for row in cursor.fetchall()}

    def nearest(self, word: str) -> list[str]:
        near = SearchWord.objects.filter(length__gte=len(word) - 2, length__lte=len(word) + 2)
        scored: list[tuple[float, str]] = []
        matcher = SequenceMatcher(autojunk=False)
        matcher.set_seq2(word)
        for candidate in near.values_list("word", flat=True):
            matcher.set_seq1(candidate)
            if matcher.real_quick_ratio() >= LIKE_ENOUGH and matcher.quick_ratio() >= LIKE_ENOUGH and (ratio := matcher.ratio()) >= LIKE_ENOUGH:
                scored.append((ratio + (0.05 if candidate[0] == word[0] else 0), candidate))
        return [candidate for _, candidate in sorted(scored, reverse=True)[:2]]


def _marks(values: Collection[Any]) -> str:
    return ", ".join(["%s"] * len(values))


def _match(terms: Sequence[str], prefix: str) -> str:
    """Each word quoted, so that nothing a person types is syntax."""
    quoted = [f'"{term}"' for term in terms if term]
    if prefix:
        quoted.append(f'"{prefix}" *')
    return " OR ".join(quoted)


def learn(rows: Sequence[SearchDocument]) -> None:
    """Keep the words of documents that everybody may see, for spelling. A word that is known already stays."""
    open_to_all = [row for row in rows if not row.access]
    seen = {word for row in open_to_all for word in words.words(f"{row.title} {row.names} {row.body}")}
    seen |= {part for row in open_to_all for part in words.expanded(f"{row.title} {row.names}").split()}
    kept = sorted(word for word in seen if 3 <= len(word) <= 40 and word.isalnum() and not word.isdigit())
    new = [SearchWord(word=word, length=len(word)) for word in kept]
    SearchWord.objects.bulk_create(new, ignore_conflicts=True)  # words only help spelling: one that is there already is right
