"""Which of the candidates answers best: pure, the same for both databases, after the engine chose its best documents.

A thing is judged as a whole (BM25F over its name and its sections: tf / (tf + k), the tf of running text divided by its length);
its best section decides where the link leads. The weights are round numbers, checked with `benchmarks.search_quality`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from portal.search.asking import Alternative, Question

K = 3.0  # how soon one more mention stops to count
NAME, HEADING = 10.0, 1.5  # of a stem in what the thing is called, and in a section's heading, beside 1 in running text
ELSEWHERE = 0.5  # of a synonym in running text
LENGTH, LONG, SECTION = 0.5, 600.0, 130.0  # how much length counts; stems of a usual thing and section
COVERAGE, BEST_SECTION = 0.1, 0.3  # of the score: how much of the question is answered at all; by one section alone
EXACT, LOOKED_AT = 1.3, 20  # for the very line that was pasted, looked for in the best few
TRUST = {"fresh": 1.05, "broken": 0.9, "stale": 0.97}  # by a runbook's freshness


class Row(NamedTuple):
    """What the ranking reads of a `SearchDocument`."""

    pk: int
    key: str
    group: str
    part: int
    kind: str
    title: str
    section: str
    body: str
    url: str
    source_path: str
    access: str
    label: str
    head: str
    tail: str
    length: int


@dataclass(slots=True)
class Answer:
    """One thing, its best documents first, and its score."""

    head: Row
    parts: list[Row]
    score: float


def best(question: Question, rows: Iterable[Row]) -> list[Answer]:
    """Things among `rows` (documents with the heads of their groups), best first."""
    wanted = {stem for concept in question.concepts for alternative in concept.alternatives for stem in alternative.stems}
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    answers = [answer for found in groups.values() if (answer := _answer(question, found, wanted)).score > 0]
    answers.sort(key=_order)
    if question.exact:
        for answer in answers[:LOOKED_AT]:
            if any(question.exact in " ".join(part.body.lower().split()) for part in answer.parts):
                answer.score *= EXACT
        answers.sort(key=_order)
    return answers


def _order(answer: Answer) -> tuple[float, str]:
    return -answer.score, answer.head.key


def _answer(question: Question, rows: Sequence[Row], wanted: set[str]) -> Answer:
    head = min(rows, key=lambda row: row.part)
    held = [_Held(row, wanted) for row in rows]
    named = {stem for one in held if not one.row.part for stem in one.head}
    shorter = 1 - LENGTH + LENGTH * head.length / LONG
    total = covered = everything = 0.0
    of_part = [0.0] * len(held)
    for concept in question.concepts:
        most = fits = 0.0
        parts = [0.0] * len(held)
        for alternative in concept.alternatives:
            value = alternative.weight * _whole(alternative, held, named, shorter)
            if not value:
                continue
            if value > most:
                most, fits = value, alternative.weight
            for at, one in enumerate(held):
                parts[at] = max(parts[at], alternative.weight * one.value(alternative))
        everything += concept.importance
        if most:
            total += concept.importance * most
            covered += concept.importance * fits
            of_part = [so_far + concept.importance * part for so_far, part in zip(of_part, parts, strict=True)]
    score = total * (1 - COVERAGE + COVERAGE * covered / (everything or 1)) + BEST_SECTION * max(of_part)
    order = sorted(range(len(held)), key=lambda at: (-of_part[at], not held[at].row.part, held[at].row.part))
    return Answer(head, [held[at].row for at in order if of_part[at] > 0] or [head], score * TRUST.get(head.label, 1.0))


class _Held:
    """How often one document holds each of the wanted stems: in its heading, and in its text."""

    __slots__ = ("head", "row", "scale", "tail")

    def __init__(self, row: Row, wanted: set[str]) -> None:
        self.row = row
        head, tail = row.head.split(" "), row.tail.split(" ")
        self.head = {stem: head.count(stem) for stem in wanted.intersection(head)}
        self.tail = {stem: tail.count(stem) for stem in wanted.intersection(tail)}
        self.scale = K * (1 - LENGTH + LENGTH * len(tail) / SECTION)

    def often(self, stem: str, anywhere: bool) -> float:
        heading = HEADING * self.head.get(stem, 0) if self.row.part else 0.0
        return heading + (1 if anywhere else ELSEWHERE) * self.tail.get(stem, 0)

    def value(self, alternative: Alternative) -> float:
        """0 to 1, of this document alone."""
        total = 0.0
        for stem in alternative.stems:
            tf = self.often(stem, alternative.anywhere) + (2 if not self.row.part and stem in self.head else 0)
            if not tf:
                return 0.0
            total += tf / (tf + self.scale)
        return total / len(alternative.stems)


def _whole(alternative: Alternative, held: Sequence[_Held], named: set[str], shorter: float) -> float:
    """0 to 1, of all documents of a thing together."""
    total = 0.0
    for stem in alternative.stems:
        tf = NAME if stem in named else 0.0
        for one in held:
            if stem in one.tail or stem in one.head:
                tf += one.often(stem, alternative.anywhere) / shorter
        if not tf:
            return 0.0
        total += tf / (tf + K)
    return total / len(alternative.stems)
