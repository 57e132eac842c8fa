"""How fast the search is: `python -m benchmarks.search_speed`, beside the raw statement of the same database and ripgrep on the same text.

Documents are sections of about 550 bytes, made from a fixed seed with word frequencies as in real text (Zipf). Contestants are interleaved:
A B C A B C. Limits: `LIMITS`; the ratio to the raw statement holds at the largest size, where the statement and not the frame around it costs.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import databases

SIZES = (1_000, 10_000, 100_000)  # section documents
LIMITS = {"sqlite": {1_000: 10, 10_000: 20, 100_000: 60}, "postgresql": {1_000: 15, 10_000: 40, 100_000: 150}}  # p95, ms
RIPGREP = {"sqlite": {"common": 5, "three": 50}, "postgresql": {"common": 4, "three": 5}}  # times faster
RATIO = 1.5  # to the raw statement
ROUNDS = 15
SECTIONS = 5  # of one thing
LEAD = [  # the commonest words
    *("disk", "memory", "queue", "latency", "error", "timeout", "replica", "certificate", "node", "worker"),
    *("cache", "connection", "pool", "leader", "quorum", "volume", "backup", "restore"),
]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="1,000 and 10,000 documents, fewer rounds")
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    options = parser.parse_args()
    if databases.vendor():
        return _measure((1_000, 10_000) if options.quick else SIZES, 7 if options.quick else ROUNDS)
    vendors = (options.only,) if options.only else ("sqlite", "postgresql")
    return max(databases.on_each("benchmarks.search_speed", sys.argv[1:], vendors=vendors).values())


def _measure(sizes: tuple[int, ...], rounds: int) -> int:
    databases.set_up()
    vendor, text, missed = databases.vendor(), Library(), 0
    with tempfile.TemporaryDirectory(prefix="standby-bench-text-") as folder:
        for size in sizes:
            built = text.grow(size, Path(folder))
            missed += _size(vendor, text, size, Path(folder), rounds, built, last=size == sizes[-1])
    return 1 if missed else 0


class Library:
    """Grows to a number of documents; the same words in the database and in files."""

    def __init__(self) -> None:
        self.random = random.Random(7)
        letters = "etaoinshrdlucmfwypvbgkjqxz"
        made = {"".join(self.random.choices(letters, k=self.random.randint(3, 9))) for _ in range(30_000)}
        self.words = LEAD + sorted(made)
        self.weights = [1 / (rank + 8) for rank in range(len(self.words))]
        self.things = 0

    def grow(self, size: int, folder: Path) -> float:
        """Seconds that the index took."""
        from portal.search import documents, vocabulary
        from portal.search.documents import Document

        started, spent = time.perf_counter(), 0.0
        while self.things * SECTIONS < size:
            groups = []
            for _ in range(200):
                self.things += 1
                name = f"Thing {self.things} {' '.join(self._text(3))}"
                key = f"runbook:{self.things}"
                made = [Document(key=key, kind="runbook", title=name, body="", url=f"/{key}/")]
                for part in range(1, SECTIONS):
                    body = " ".join(self._text(85))
                    made.append(
                        Document(key=f"{key}#{part}", kind="runbook", title=name, section=" ".join(self._text(2)), body=body, url=f"/{key}/#{part}")
                    )
                (folder / f"{self.things}.md").write_text("\n\n".join(document.body for document in made))
                groups.append((key, made))
            before = time.perf_counter()
            documents.index_many(groups)
            spent += time.perf_counter() - before
        vocabulary.recount()
        _analyze()
        print(f"    {self.things * SECTIONS:>7,} documents: {spent:.1f} s in the index, {time.perf_counter() - started:.1f} s in all")
        return spent

    def _text(self, length: int) -> list[str]:
        return self.random.choices(self.words, self.weights, k=length)


def _analyze() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "VACUUM ANALYZE search_searchdocument")


def questions(text: Library) -> dict[str, list[str]]:
    """By kind; rare, middling and common words are those of the library's own frequencies."""
    rare, middling = text.words[9_000:9_006], text.words[400:406]
    return {
        "common": LEAD[:3],
        "middling": middling[:3],
        "three": [f"{LEAD[3]} {middling[0]} {rare[0]}", f"{LEAD[4]} {middling[1]} {rare[1]}", f"{LEAD[5]} {middling[2]} {rare[2]}"],
        "rare": rare[3:6],
    }


def _size(vendor: str, text: Library, size: int, folder: Path, rounds: int, built: float, *, last: bool) -> int:
    from portal.search.find import find

    times: dict[tuple[str, str], list[float]] = {}
    ripgrep = shutil.which("rg")
    for turn in range(rounds + 1):  # the first one warms up
        for kind, asked in questions(text).items():
            for question in asked:
                contestants: list[tuple[str, Callable[[], Any]]] = [
                    ("ours", lambda question=question: find(question + " ", user=None, limit=20)),
                    ("raw", lambda question=question: _raw(vendor, question)),
                ]
                if ripgrep and turn <= 3:
                    contestants.append(("ripgrep", lambda question=question: _ripgrep(question, folder)))
                for who, ask in contestants:
                    before = time.perf_counter()
                    ask()
                    if turn:
                        times.setdefault((who, kind), []).append((time.perf_counter() - before) * 1000)
    return _tell(vendor, size, times, last=last, has_ripgrep=bool(ripgrep))


def _raw(vendor: str, question: str) -> None:
    """The best 20 with snippets by the database's own means, any word counting: what one would write without a product."""
    from django.db import connection

    from portal.search import terms

    words = [terms.stem(word) for word in terms.words(question)]
    with connection.cursor() as cursor:
        if vendor == "sqlite":
            match = " OR ".join(f'"{word}"' for word in words)
            cursor.execute(
                """SELECT d.title, d.url, snippet(search_fts, 1, '<b>', '</b>', '…', 30)
                   FROM search_fts JOIN search_searchdocument d ON d.id = search_fts.rowid
                   WHERE search_fts MATCH %s AND rank MATCH 'bm25(8.0, 1.0, 0.0)' ORDER BY rank LIMIT 20""",
                [match],
            )
        else:
            query = " | ".join(f"'{word}'" for word in words)
            cursor.execute(
                """SELECT title, url, ts_headline('simple', body, q) FROM (
                       SELECT title, url, body, q FROM search_searchdocument, (SELECT %s::tsquery AS q) AS asked
                       WHERE vector @@ q ORDER BY ts_rank('{0.15,0.15,0.15,1}', vector, q, 1) DESC LIMIT 20) AS best""",
                [query],
            )
        cursor.fetchall()


def _ripgrep(question: str, folder: Path) -> None:
    pattern = "|".join(question.split())
    subprocess.run(["rg", "--count", "--no-messages", "-i", "-w", pattern, str(folder)], stdout=subprocess.DEVNULL, check=False)


def _p95(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.95))]


def _tell(vendor: str, size: int, times: dict[tuple[str, str], list[float]], *, last: bool, has_ripgrep: bool) -> int:
    kinds = ("common", "middling", "three", "rare")
    print(f"{vendor}, {size:,} documents; ms: median (p95)")
    for who in ("ours", "raw", "ripgrep"):
        shown = [f"{kind} {median(times[who, kind]):.1f} ({_p95(times[who, kind]):.1f})" for kind in kinds if (who, kind) in times]
        if shown:
            print(f"  {who:<8}" + "   ".join(shown))
    mixed = [value for kind in kinds for value in times["ours", kind]]
    raw = [value for kind in kinds for value in times["raw", kind]]
    p95, limit = _p95(mixed), LIMITS[vendor][size]
    ratio = median(times["ours", "common"]) / median(times["raw", "common"])
    missed = _check(f"p95 over all questions {p95:.1f} ms", p95 <= limit, f"limit {limit}")
    if last and size == SIZES[-1]:
        missed += _check(f"beside the raw statement, p95 {p95 / _p95(raw):.2f}, common word {ratio:.2f}", p95 / _p95(raw) <= RATIO, f"limit {RATIO}")
        for kind, times_faster in RIPGREP[vendor].items() if has_ripgrep else ():
            faster = median(times["ripgrep", kind]) / median(times["ours", kind])
            missed += _check(f"{kind}: {faster:.1f} times as fast as ripgrep", faster >= times_faster, f"limit {times_faster}")
    return missed


def _check(said: str, holds: bool, limit: str) -> int:
    print(f"  {said} ({limit}{'' if holds else ', MISSED'})")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
