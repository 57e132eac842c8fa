"""Words of the trade that mean the same: k8s is kubernetes, OOM is out of memory."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from portal.search.models import Synonym
from portal.search.terms import stem, words

SHIPPED = Path(__file__).resolve().parent / "synonyms.txt"
FIRST, AMONG = 1.0, 0.8  # how well a word stands for another: with the line's first word, and among the others

Phrase = tuple[str, ...]  # stems


@lru_cache(maxsize=1)
def shipped() -> tuple[str, ...]:
    """The lines that Standby ships with."""
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def lay_out(at: datetime) -> str:
    """The seed chapter: the shipped lines as rows that may be edited; nothing where rows exist."""
    if Synonym.objects.exists():
        return ""
    made = Synonym.objects.bulk_create([Synonym(words=line) for line in dict.fromkeys(shipped())], ignore_conflicts=True)
    return f"{len(made)} lines"


def table() -> dict[Phrase, dict[Phrase, float]]:
    """For each phrase those that mean the same, with how well they do. 1 query."""
    return _table(tuple(Synonym.objects.values_list("words", flat=True)) or shipped())


@lru_cache(maxsize=4)
def _table(lines: Iterable[str]) -> dict[Phrase, dict[Phrase, float]]:
    found: dict[Phrase, dict[Phrase, float]] = {}
    for line in lines:
        phrases = [phrase for said in line.split("=") if (phrase := tuple(stem(word) for word in words(said)))]
        for one in phrases:
            for other in phrases:
                if one != other:
                    weight = FIRST if phrases[0] in (one, other) else AMONG
                    known = found.setdefault(one, {})
                    known[other] = max(known.get(other, 0), weight)
    return found
