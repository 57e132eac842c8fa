"""How good the search is: `python -m benchmarks.search_quality` on labelled questions over a library that is imported first.

    python -m benchmarks.search_quality [--library DIR --queries TSV --hard TXT] [--misses]

TSV: question, file, relevance (any labelled file is a hit). Limits: success@1 .75, success@5 .92, MRR@10 .82; hard success@5 .78.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from benchmarks import databases

CORPUS = Path(os.environ.get("PORTAL_SHARED_DATA", Path(__file__).resolve().parent.parent.parent / "shared/data")) / "corpus"
LIMITS = {("all", "success@1"): 0.75, ("all", "success@5"): 0.92, ("all", "MRR@10"): 0.82, ("hard", "success@5"): 0.78}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--library", type=Path, default=CORPUS)
    parser.add_argument("--queries", type=Path, default=CORPUS / "queries.tsv")
    parser.add_argument("--hard", type=Path, default=CORPUS / "queries_hard.txt")
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("--quick", action="store_true", help="SQLite only")
    options = parser.parse_args()
    if not options.queries.is_file():
        print(f"search_quality: no questions at {options.queries}; set PORTAL_SHARED_DATA or --queries. Not measured.")
        return 0
    if databases.vendor():
        return _measure(options)
    vendors = ("sqlite",) if options.quick else ("sqlite", "postgresql")
    return max(databases.on_each("benchmarks.search_quality", sys.argv[1:], vendors=vendors).values())


def _measure(options: argparse.Namespace) -> int:
    databases.set_up()
    from portal import clock
    from portal.search.find import find
    from runbooks.importing import files, importer, sources

    importer.run(sources.named("bench", str(options.library)), files.tree_of(options.library), by=None, at=clock.now())
    wanted: dict[str, set[str]] = {}
    for line in options.queries.read_text(encoding="utf-8").splitlines():
        question, file, *_ = line.split("\t")
        wanted.setdefault(question, set()).add(file)
    hard = set(options.hard.read_text(encoding="utf-8").splitlines()) if options.hard.is_file() else set()
    ranks: dict[str, int | None] = {}
    for question, right in wanted.items():
        found = [hit.source_path for hit in find(question, user=None, limit=10).hits]
        ranks[question] = next((at for at, path in enumerate(found, start=1) if path in right), None)
        if options.misses and ranks[question] != 1:
            print(f"  {ranks[question] or 'none':>4}  {question}   first: {found[0] if found else 'nothing'}")
    return _tell(databases.vendor(), {"all": ranks.values(), "hard": [ranks[question] for question in hard if question in ranks]})


def _tell(vendor: str, groups: dict[str, Iterable[int | None]]) -> int:
    missed = 0
    for name, found in groups.items():
        ranks = list(found)
        if not ranks:
            continue
        figures = {
            "success@1": sum(rank == 1 for rank in ranks) / len(ranks),
            "success@5": sum(rank is not None and rank <= 5 for rank in ranks) / len(ranks),
            "MRR@10": sum(1 / rank for rank in ranks if rank) / len(ranks),
        }
        told = "  ".join(f"{figure} {value:.3f}{_limit(name, figure, value)}" for figure, value in figures.items())
        missed += sum(value < LIMITS.get((name, figure), 0) for figure, value in figures.items())
        print(f"{vendor:<11}{name:<5} n={len(ranks):<4} {told}")
    return 1 if missed else 0


def _limit(name: str, figure: str, value: float) -> str:
    limit = LIMITS.get((name, figure))
    return "" if limit is None else f" (limit {limit:.2f}{', MISSED' if value < limit else ''})"


if __name__ == "__main__":
    sys.exit(main())
