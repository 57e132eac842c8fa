"""The library's words: which it has, how rare each is, and which comes nearest to one that it lacks."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Q
from rapidfuzz.distance import DamerauLevenshtein

from portal.search import engines, terms
from portal.search.models import SearchDocument, SearchWord

LENGTHS = range(2, 41)  # of words worth keeping
_HASH = re.compile(r"(?=.*\d.*\d.*\d)(?=.*[a-z]).{13,}")  # long words with digits in them are names of machines and versions
ALL = ""  # the row that says how many documents there are
UNCOUNTED = 1000  # documents, where nobody has counted yet
CHUNK = 2000


@dataclass(slots=True)
class Words:
    """What the library knows of the words of one question. `documents`: by word as written; `stems`: by stem."""

    total: int
    documents: Mapping[str, int]
    stems: Mapping[str, int]
    spelt: Mapping[str, list[str]] = field(default_factory=dict)  # stem → words

    def idf(self, stem: str) -> float:
        """How much a stem tells; 0 where the library lacks it."""
        count = min(self.stems.get(stem, 0), self.total)
        return math.log(1 + (self.total - count + 0.5) / (count + 0.5)) if count else 0.0

    def rarest(self) -> float:
        """How much a stem of one document tells."""
        return math.log(1 + (self.total - 0.5) / 1.5)


def lookup(words: Collection[str], stems: Collection[str]) -> Words:
    """Of these words and stems. 1 query."""
    rows = SearchWord.objects.filter(Q(word__in={*words, ALL}) | Q(stem__in=set(stems))).values_list("word", "stem", "documents")
    return _words(list(rows))


def _words(rows: Iterable[tuple[str, str, int]]) -> Words:
    total, documents, stems, spelt = UNCOUNTED, dict[str, int](), Counter[str](), dict[str, list[str]]()
    for word, stem, count in rows:
        if word == ALL:
            total = max(count, 1)
            continue
        documents[word] = count
        stems[stem] += count
        spelt.setdefault(stem, []).append(word)
    return Words(total, documents, stems, spelt)


def nearest(word: str, *, limit: int = 2) -> list[str]:
    """Words of the library that look most like this one, best first, by how many letters differ and how common they are. 1 query.

    One letter may differ in a word of up to four, two in longer ones; letters that changed places count as one.
    """
    most = 1 if len(word) <= 4 else 2
    scored = []
    for candidate, documents in engines.current().alike(word):
        distance = DamerauLevenshtein.distance(word, candidate, score_cutoff=most)
        if 0 < distance <= most and not candidate.isdigit():
            better = (0.4 if candidate[0] == word[0] else 0) + 0.12 * math.log(documents + 1) + (0.2 if len(candidate) >= len(word) else 0)
            scored.append((distance - better, candidate))
    return [candidate for _, candidate in sorted(scored)[:limit]]


def tally(rows: Iterable[SearchDocument]) -> Counter[str]:
    """In how many of these documents each word stands, of those that everybody may see; ALL: how many those are."""
    counts = Counter[str]()
    for row in rows:
        if not row.access:
            counts.update(spoken(row))
            counts[ALL] += 1
    return counts


def learn(rows: Sequence[SearchDocument]) -> None:
    """Keep the words of documents that everybody may see, in the caller's transaction. Known words stay. 3 queries for 2,000 words."""
    seen = sorted(_of(rows))
    for start in range(0, len(seen), CHUNK):
        chunk = seen[start : start + CHUNK]
        known = set(SearchWord.objects.filter(word__in=chunk).values_list("word", flat=True))
        _write([word for word in chunk if word not in known], {})


def _of(rows: Iterable[SearchDocument]) -> set[str]:
    found: set[str] = set()
    for row in rows:
        if not row.access:
            found |= spoken(row)
    return found


def spoken(row: SearchDocument) -> set[str]:
    """The words of one document that are worth keeping."""
    said = row.words or {*terms.of_head(f"{row.section or row.title} {row.names}"), *terms.of_body(row.body)}
    return {word for word in said if len(word) in LENGTHS and not word.isdigit() and not (len(word) > 12 and _HASH.match(word))}


@transaction.atomic
def add(counts: Mapping[str, int]) -> None:
    """Raise the counts of words by these: after an import, instead of reading the whole library again."""
    listed = sorted(counts)
    for start in range(0, len(listed), CHUNK):
        engines.current().counted([(word, terms.stem(word) if word else ALL, counts[word]) for word in listed[start : start + CHUNK]])


@transaction.atomic
def recount() -> int:
    """Count anew in how many documents each word stands, and forget words that stand in none; how many words there are.

    Reads the whole library: nightly, and after an import. Only what changed is written; searching goes on meanwhile.
    """
    counts, total = Counter[str](), 0
    for row in SearchDocument.objects.filter(access="").only("section", "title", "names", "body").iterator(chunk_size=500):
        counts.update(spoken(row))
        total += 1
    counts[ALL] = total
    stored = {word.word: word for word in SearchWord.objects.all()}
    _write([word for word in counts if word not in stored], counts)
    changed = [word for name, word in stored.items() if name in counts and word.documents != counts[name]]
    for word in changed:
        word.documents = counts[word.word]
    SearchWord.objects.bulk_update(changed, ["documents"], batch_size=500)
    forgotten = [word.pk for name, word in stored.items() if name not in counts]
    for start in range(0, len(forgotten), CHUNK):
        engines.current().unlearned(forgotten[start : start + CHUNK])
        SearchWord.objects.filter(pk__in=forgotten[start : start + CHUNK]).delete()
    return len(counts)


def _write(words: Sequence[str], counts: Mapping[str, int]) -> None:
    for start in range(0, len(words), CHUNK):
        chunk = words[start : start + CHUNK]
        engines.current().learned([(word, terms.stem(word) if word else ALL, counts.get(word, 1)) for word in chunk])
