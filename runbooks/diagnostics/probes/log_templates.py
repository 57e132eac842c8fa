"""Templates mined from free text: what differs from line to line is masked, then messages that still differ in a few words are one.

Masking first leaves few distinct messages, so the second step, comparing word by word within groups of the same length, stays cheap.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass

ANY = "<*>"
VARIABLE = re.compile(
    r"""(?x)
    \b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b   # uuid
    | \b0x[0-9a-fA-F]+\b | \b(?=[0-9a-fA-F]*[0-9])[0-9a-fA-F]{8,}\b                     # hexadecimal
    | "[^"]{0,200}" | '[^']{0,200}'                                                    # quoted
    | \b[\w.+-]+@[\w-]+\.[\w.]+\b                                                      # address
    | \b[\w-]*\d[\w.:-]*                                                               # whatever holds a digit
    """
)
ALIKE = 0.6  # share of equal words from which two messages are one
WORDS = 40  # of a message that are compared
CLUSTERS = 2_000


def masked(text: str) -> str:
    """One line, with numbers, ids, names in quotes and addresses replaced."""
    return " ".join(VARIABLE.sub(ANY, text).split())


@dataclass(slots=True)
class _Cluster:
    words: list[str]
    count: int
    example: str


def mined(messages: Counter[str]) -> list[tuple[str, int, str]]:
    """(template, how many, one of the masked messages), most frequent first."""
    groups: dict[tuple[int, str], list[_Cluster]] = defaultdict(list)
    for message, count in messages.most_common():
        words = message.split()[:WORDS]
        group = groups[len(words), words[0] if words and words[0] != ANY else ""]
        near = max(group, key=lambda cluster: _alike(cluster.words, words), default=None)
        if near and _alike(near.words, words) >= ALIKE:
            near.words = [ours if ours == theirs else ANY for ours, theirs in zip(near.words, words, strict=True)]
            near.count += count
        elif len(group) < CLUSTERS:
            group.append(_Cluster(words, count, message))
    found = [(" ".join(cluster.words), cluster.count, cluster.example) for group in groups.values() for cluster in group]
    return sorted(found, key=lambda template: (-template[1], template[0]))


def _alike(ours: list[str], theirs: list[str]) -> float:
    return sum(a == b for a, b in zip(ours, theirs, strict=True)) / max(len(ours), 1)
