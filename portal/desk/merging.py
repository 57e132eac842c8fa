"""Two texts that grew from one become one again. Pure. No word of either is lost: where both changed the same lines, both stand."""

from __future__ import annotations

from dataclasses import dataclass

from portal.desk.diffs import opcodes


@dataclass(frozen=True, slots=True)
class Merged:
    """`text` holds both. `collisions`: how many places both changed; there the other's lines stand first, then mine."""

    text: str
    collisions: int


def merge(base: str, theirs: str, mine: str) -> Merged:
    """Three-way merge by lines: what only one changed is taken over; removed on one side and untouched on the other is removed."""
    origin, left, right = (text.replace("\r\n", "\n").split("\n") for text in (base, theirs, mine))
    out: list[str] = []
    collisions = done = 0
    for start, end, of_theirs, of_mine in _regions(origin, left, right):
        out += origin[done:start]
        ancestor = origin[start:end]
        if of_theirs == of_mine or of_mine == ancestor:
            out += of_theirs
        elif of_theirs == ancestor:
            out += of_mine
        else:
            collisions += 1
            set_of_theirs = set(of_theirs)
            out += of_theirs + [line for line in of_mine if line not in set_of_theirs]
        done = end
    return Merged("\n".join(out + origin[done:]), collisions)


def _regions(origin: list[str], left: list[str], right: list[str]) -> list[tuple[int, int, list[str], list[str]]]:
    """Stretches of `origin` that somebody changed, joined where they touch: (start, end, lines of theirs, lines of mine)."""
    theirs, mine = _changes(origin, left), _changes(origin, right)
    spans = sorted([(start, end) for start, end, _ in theirs] + [(start, end) for start, end, _ in mine])
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return [(start, end, _within(origin, theirs, start, end), _within(origin, mine, start, end)) for start, end in joined]


def _changes(origin: list[str], changed: list[str]) -> list[tuple[int, int, list[str]]]:
    return [(i1, i2, changed[j1:j2]) for tag, i1, i2, j1, j2 in opcodes(origin, changed) if tag != "equal"]


def _within(origin: list[str], changes: list[tuple[int, int, list[str]]], start: int, end: int) -> list[str]:
    """How this side's text reads where `origin` has lines start..end."""
    out: list[str] = []
    done = start
    for i1, i2, lines in changes:
        if start <= i1 and i2 <= end:
            out += origin[done:i1] + lines
            done = i2
    return out + origin[done:end]
