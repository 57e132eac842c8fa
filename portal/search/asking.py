"""From a query to what is asked of the library: concepts, each with the words that would answer it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.search import engines, pasted, synonyms, terms, vocabulary
from portal.search.synonyms import Phrase
from portal.search.vocabulary import Words

AT_MOST = 12  # concepts of one query: of a pasted alert the most telling ones
WORDS = 60  # that are looked up
PREFIX_FROM, CORRECT_FROM = 3, 4  # letters
CORRECTED = 4  # words at most
# How well something stands for the word that was typed. Round numbers, checked with `benchmarks.search_quality`.
PREFIX, CORRECTION, SECOND, JOINED, APART, SYNONYM = 0.8, 0.85, 0.6, 0.9, 0.7, 0.7
WEAK = 0.35  # of the importance of a word that says little


@dataclass(frozen=True, slots=True)
class Alternative:
    """Stems that together answer a concept. anywhere: also in running text, else in what a thing or section is called."""

    stems: Phrase
    weight: float
    anywhere: bool = True


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing asked. importance: how much it tells, from its rarity."""

    alternatives: tuple[Alternative, ...]
    importance: float


@dataclass(frozen=True, slots=True)
class Question:
    """concepts: most telling ones. corrected: the query with misspelt words replaced, or "". shown: words to mark. exact: the typed line."""

    concepts: tuple[Concept, ...]
    corrected: str
    shown: tuple[str, ...]
    exact: str


def understand(text: str) -> Question:
    """What `text` asks. 2 queries, and 1 for each misspelt word (up to 4)."""
    said = pasted.telling(text)
    flat, whole = _flat(said)
    table = synonyms.table()
    known = vocabulary.lookup(*_to_look_up(flat, whole, table))
    reader = _Reader(flat, known, table, typing=not said[-1:].isspace())
    concepts = [*reader.whole(whole), *reader.concepts()]
    if not concepts:
        concepts = [Concept((Alternative((terms.stem(word),), 1.0),), 1.0) for word in flat[:AT_MOST]]
    keep = sorted(concepts, key=lambda concept: -concept.importance)[:AT_MOST]
    corrected = " ".join(reader.instead.get(word, word) for word in flat) if reader.instead else ""
    shown = tuple(dict.fromkeys([*(word for word in flat if word not in terms.STOP), *whole, *reader.instead.values(), *reader.meant]))
    line = " ".join(text.split()).lower()
    return Question(tuple(concept for concept in concepts if concept in keep), corrected, shown, line if " " in line and len(line) <= 300 else "")


def _flat(text: str) -> tuple[list[str], list[str]]:
    """Words in order, those put together (CamelCase) taken apart; and the ones put together as they stand."""
    flat: list[str] = []
    whole: list[str] = []
    for word, pieces in terms.split(text):
        telling = [piece for piece in pieces if len(piece) > 1]
        if len(telling) > 1:
            whole.append(word)
            flat += telling
        else:
            flat.append(word)  # also p95, k8s
    return list(dict.fromkeys(flat))[:WORDS] if len(flat) > WORDS else flat, list(dict.fromkeys(whole))[:WORDS]


def _to_look_up(flat: Sequence[str], whole: Sequence[str], table: dict[Phrase, dict[Phrase, float]]) -> tuple[set[str], set[str]]:
    """Words and stems whose counts are needed."""
    stems = [terms.stem(word) for word in flat]
    joined = [one + other for one, other in zip(flat, flat[1:], strict=False)]
    also = {stem for phrase in _phrases(stems) for other in table.get(phrase, ()) for stem in other}
    return {*flat, *whole, *joined}, {*stems, *also, *map(terms.stem, whole), *map(terms.stem, joined)}


def _phrases(stems: Sequence[str]) -> set[Phrase]:
    return {tuple(stems[at : at + length]) for length in (1, 2, 3) for at in range(len(stems) - length + 1)}


class _Reader:
    """Reads the words of one query, each with its neighbours."""

    def __init__(self, flat: Sequence[str], known: Words, table: dict[Phrase, dict[Phrase, float]], *, typing: bool) -> None:
        self.flat, self.known, self.table, self.typing = flat, known, table, typing
        self.stems = [terms.stem(word) for word in flat]
        self.instead: dict[str, str] = {}  # misspelt word → the library's
        self.meant: list[str] = []  # words that stand for what was typed, to be marked
        self.tried = 0

    def whole(self, words: Sequence[str]) -> list[Concept]:
        """Words put together, as they stand, where the library has them."""
        found = [terms.stem(word) for word in words if self.known.stems.get(terms.stem(word))]
        return [Concept((Alternative((stem,), 1.0),), self.known.idf(stem)) for stem in found]

    def concepts(self) -> list[Concept]:
        found, seen = list[Concept](), set[str]()
        for at, word in enumerate(self.flat):
            if self.stems[at] in seen or word in terms.STOP:
                continue
            seen.add(self.stems[at])
            if concept := self._concept(at, word):
                found.append(concept)
        return found

    def _concept(self, at: int, word: str) -> Concept | None:
        found: dict[Phrase, Alternative] = {}
        spelling = self._spelling(at, word)
        if not spelling:  # also a word that nobody counted yet
            found[(self.stems[at],)] = Alternative((self.stems[at],), 1.0)
        self._add_to(found, (self.stems[at],), SECOND)
        for stem, weight in spelling.items():
            self._add_to(found, (stem,), weight)
        for pieces in self._apart(word):
            self._add_to(found, pieces, APART)
        for joined in self._joined(at):
            self._add_to(found, (joined,), JOINED)
        factor = self._synonyms(found, at, word)
        known = self.known.idf(self.stems[at])
        likely = max(a.weight * min(map(self.known.idf, a.stems)) for a in found.values()) if found else 0.0
        return Concept(tuple(found.values()), factor * (known or likely or self.known.rarest())) if found else None

    def _add_to(self, found: dict[Phrase, Alternative], stems: Phrase, weight: float, *, anywhere: bool = True) -> None:
        """Where the library has all of the stems, and no better reason for them is known."""
        if all(self.known.stems.get(stem) for stem in stems) and (stems not in found or found[stems].weight < weight):
            found[stems] = Alternative(stems, weight, anywhere)

    def _synonyms(self, found: dict[Phrase, Alternative], at: int, word: str) -> float:
        """Adds them; how much of its importance the word keeps: one that says little says more inside a phrase of the trade."""
        factor = WEAK if word in terms.WEAK else 1.0
        for phrase in self._around(at):
            for other, fit in self.table.get(phrase, {}).items():
                self._add_to(found, other, SYNONYM * fit, anywhere=False)
                factor = max(factor, APART) if len(phrase) > 1 else factor
        if word in self.instead:
            for other, fit in self.table.get((terms.stem(self.instead[word]),), {}).items():
                self._add_to(found, other, SYNONYM * CORRECTION * fit, anywhere=False)
        return factor

    def _spelling(self, at: int, word: str) -> dict[str, float]:
        """Stems that were meant by a word that the library lacks."""
        count = self.known.documents.get(word, 0)
        inflected = self.known.stems.get(self.stems[at]) and word.startswith(self.stems[at])
        return {} if word.isdigit() or count or inflected else self._unknown(at, word)

    def _unknown(self, at: int, word: str) -> dict[str, float]:
        found: dict[str, float] = {}
        if self.typing and at == len(self.flat) - 1 and len(word) >= PREFIX_FROM:
            begun = engines.current().beginning(word)
            self.meant += begun
            found = {terms.stem(other): PREFIX for other in begun}
        if not found and len(word) >= CORRECT_FROM and self.tried < CORRECTED:
            self.tried += 1
            near = vocabulary.nearest(word)
            unread = [other for other in near if terms.stem(other) not in self.known.stems]
            if unread:
                self._learn(unread)
            for other, weight in zip(near, (CORRECTION, SECOND), strict=False):
                found.setdefault(terms.stem(other), weight)
            if near:
                self.instead[word] = near[0]
        elif found:
            self._learn([other for other in found if other not in self.known.stems])
        return found

    def _learn(self, words: Sequence[str]) -> None:
        """The counts of words that came up only now, and of those that mean the same."""
        stems = {terms.stem(word) for word in words}
        also = {stem for own in stems for other in self.table.get((own,), ()) for stem in other}
        self._add(vocabulary.lookup((), stems | also))

    def _add(self, more: Words) -> None:
        self.known = Words(self.known.total, {**self.known.documents, **more.documents}, {**self.known.stems, **more.stems})

    def _apart(self, word: str) -> list[Phrase]:
        """`cronjob` → cron job, where the library has both and hardly the whole."""
        if len(word) < 6 or len(self.flat) > 8 or self.known.documents.get(word, 0) > 2:
            return []
        cuts = [(word[:at], word[at:]) for at in range(3, len(word) - 2)]
        self._add(vocabulary.lookup({piece for cut in cuts for piece in cut}, ()))
        counted = [(min(self.known.documents.get(piece, 0) for piece in cut), cut) for cut in cuts]
        most, cut = max(counted, default=(0, ("", "")))
        return [(terms.stem(cut[0]), terms.stem(cut[1]))] if most > 1 else []

    def _joined(self, at: int) -> list[str]:
        pairs = [(at - 1, at), (at, at + 1)]
        return [terms.stem(self.flat[one] + self.flat[other]) for one, other in pairs if one >= 0 and other < len(self.flat)]

    def _around(self, at: int) -> list[Phrase]:
        """The phrases of up to three words that this word is part of."""
        found = []
        for length in (1, 2, 3):
            for start in range(max(0, at - length + 1), at + 1):
                if start + length <= len(self.stems):
                    found.append(tuple(self.stems[start : start + length]))
        return found
