"""A rotation's whole schedule: layers, and what was written over them. Pure: knows no database and no clock.

At a moment the layer of highest priority that covers it answers. Overrides are read in the order in which they were written:

- `replace` puts one person there instead of everybody;
- `add` puts one more person beside them;
- `remove` takes one person out: where it was their turn, the next layer below answers; where there is none, it is a hole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from oncall.rotations import Rule, Shift, shift_at, shifts

REPLACE, ADD, REMOVE = "replace", "add", "remove"


@dataclass(frozen=True, slots=True)
class Layer:
    """A rule with its place: where two cover a moment, the higher priority answers, and of equals the later `pk`."""

    pk: int  # 0: the rotation's own rule
    priority: int
    rule: Rule


@dataclass(frozen=True, slots=True)
class Written:
    """One override, [starts_at, ends_at) in UTC. `pk` rises in the order of writing."""

    pk: int
    kind: str  # replace, add, remove
    person: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Schedule:
    """Layers from the highest down and overrides from the oldest on: make it with `schedule()`."""

    layers: Sequence[Layer]
    written: Sequence[Written] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """Who answers from `starts_at` to `ends_at`; nobody in `people` is a hole. One entry of `sources` a person, in the same order.

    A source is ("layer", its pk) or ("override", its pk).
    """

    people: tuple[int, ...]
    starts_at: datetime
    ends_at: datetime
    sources: tuple[tuple[str, int], ...] = field(default=())


def schedule(layers: Sequence[Layer], written: Sequence[Written] = ()) -> Schedule:
    """In the order in which the computations below read it."""
    return Schedule(
        sorted(layers, key=lambda layer: (layer.priority, layer.pk), reverse=True),
        sorted(written, key=lambda override: override.pk) if written else (),
    )


def answer_at(plan: Schedule, at: datetime) -> Answer | None:
    """Who answers at `at`, by arithmetic. Its span is where the answer surely holds, not always the longest one. None: a hole."""
    covering = [override for override in plan.written if override.starts_at <= at < override.ends_at] if plan.written else ()
    if not covering:
        for layer in plan.layers:
            shift = shift_at(layer.rule, at)
            if shift:
                return Answer((shift.person,), shift.starts_at, shift.ends_at, (("layer", layer.pk),))
        return None
    found = _people(covering, [(layer, shift) for layer in plan.layers if (shift := shift_at(layer.rule, at))])
    if not found:
        return None
    start, end = max(override.starts_at for override in covering), min(override.ends_at for override in covering)
    return Answer(tuple(found), start, end, tuple(found.values()))


def _people(covering: Sequence[Written], turns: Sequence[tuple[Layer, Shift]]) -> dict[int, tuple[str, int]]:
    """Each person with the source, once the overrides that cover a moment are written over the turns of that moment."""
    instead: Written | None = None
    removed: set[int] = set()
    added: dict[int, Written] = {}
    for override in covering:
        if override.kind == REPLACE:
            instead, removed, added = override, set(), {}
        elif override.kind == ADD:
            added[override.person] = override
            removed.discard(override.person)
        else:
            removed.add(override.person)
            added.pop(override.person, None)
            instead = None if instead and instead.person == override.person else instead
    found: dict[int, tuple[str, int]] = {}
    if instead:
        found[instead.person] = ("override", instead.pk)
    else:
        turn = next(((layer, shift) for layer, shift in turns if shift.person not in removed), None)
        if turn:
            found[turn[1].person] = ("layer", turn[0].pk)
    for person, override in added.items():
        found.setdefault(person, ("override", override.pk))
    return found


def answers(plan: Schedule, start: datetime, end: datetime) -> list[Answer]:
    """[start, end) without a hole in it: spans in order, each as long as the same people answer for the same reason; holes have no people."""
    spans = [[(shift.starts_at, shift.ends_at, shift) for shift in shifts(layer.rule, start, end)] for layer in plan.layers]
    written = [override for override in plan.written if override.starts_at < end and override.ends_at > start]
    edges = {start, end}
    for rows in spans:
        edges.update(edge for row in rows for edge in row[:2] if start < edge < end)
    for override in written:
        edges.update(edge for edge in (override.starts_at, override.ends_at) if start < edge < end)
    found: list[Answer] = []
    places = [0] * len(spans)
    for opens, closes in pairwise(sorted(edges)):
        turns = []
        for index, rows in enumerate(spans):
            while places[index] < len(rows) and rows[places[index]][1] <= opens:
                places[index] += 1
            if places[index] < len(rows) and rows[places[index]][0] <= opens:
                turns.append((plan.layers[index], rows[places[index]][2]))
        covering = [override for override in written if override.starts_at <= opens < override.ends_at] if written else ()
        people = _people(covering, turns)
        now = Answer(tuple(people), opens, closes, tuple(people.values()))
        if found and (found[-1].people, found[-1].sources) == (now.people, now.sources) and not _handed_over(turns, opens, now):
            found[-1] = Answer(now.people, found[-1].starts_at, closes, now.sources)
        else:
            found.append(now)
    return found


def _handed_over(turns: Sequence[tuple[Layer, Shift]], at: datetime, now: Answer) -> bool:
    """A new shift of the answering layer begins here, though the same person goes on."""
    return any(shift.starts_at == at and ("layer", layer.pk) in now.sources for layer, shift in turns)
