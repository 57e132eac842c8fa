"""Who answers at a moment, and why. A hole is said, never skipped in silence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import QuerySet

from oncall import schedule
from oncall.models import Layer, Override, Rotation, Team, Turn
from oncall.schedule import Answer, Schedule, Written
from portal.accounts.models import User

INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class OnCall:
    """Who answers in one rotation. `person` None is a hole; `why` says what the answer rests on, or what is missing.

    others: who answers beside `person`. `ends_at` is where this answer surely holds to; it may go on after that.
    """

    rotation: Rotation
    person: User | None
    starts_at: datetime | None
    ends_at: datetime | None
    why: str
    others: Sequence[User] = field(default=())

    @property
    def people(self) -> list[User]:
        return [self.person, *self.others] if self.person else []


@dataclass(frozen=True, slots=True)
class Span:
    """Who answers from `starts_at` to `ends_at`; nobody in `people` is a hole. `why`: what it rests on."""

    people: Sequence[User]
    starts_at: datetime
    ends_at: datetime
    why: str

    @property
    def person(self) -> User | None:
        return self.people[0] if self.people else None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A rotation with its schedule, ready to be asked."""

    rotation: Rotation
    plan: Schedule
    layers: dict[int, Layer]


def load(start: datetime, end: datetime, rotations: QuerySet[Rotation] | None = None) -> list[Loaded]:
    """Rotations with all that decides who answers in [start, end), by team. 5 queries whatever their number."""
    found = list(Rotation.objects.all() if rotations is None else rotations)
    if not found:
        return []
    teams = Team.objects.in_bulk({rotation.team_id for rotation in found})  # a team once, not once a rotation: a third of the time
    for rotation in found:
        rotation.team = teams[rotation.team_id]
    only = {} if rotations is None else {"rotation__in": [rotation.pk for rotation in found]}
    layers: dict[int, list[Layer]] = defaultdict(list)
    for layer in Layer.objects.filter(**only):
        layers[layer.rotation_id].append(layer)
    people: dict[tuple[int, int], list[int]] = defaultdict(list)
    for rotation_id, layer_id, person_id in Turn.objects.filter(**only).order_by("order", "pk").values_list("rotation_id", "layer_id", "person_id"):
        people[rotation_id, layer_id or 0].append(person_id)
    written: dict[int, list[Written]] = defaultdict(list)
    columns = ("rotation_id", "pk", "kind", "person_id", "starts_at", "ends_at")
    for rotation_id, *row in Override.objects.filter(**only, starts_at__lt=end, ends_at__gt=start).order_by("pk").values_list(*columns):
        written[rotation_id].append(Written(*row))
    return [_loaded(rotation, layers.get(rotation.pk, []), people, written.get(rotation.pk, ())) for rotation in found]


def _loaded(rotation: Rotation, layers: list[Layer], people: dict[tuple[int, int], list[int]], written: Sequence[Written]) -> Loaded:
    stack = [schedule.Layer(0, 0, rotation.rule_for(people[rotation.pk, 0]))]
    stack += [schedule.Layer(layer.pk, layer.priority, layer.rule_for(people[rotation.pk, layer.pk])) for layer in layers]
    return Loaded(rotation, schedule.schedule(stack, written), {layer.pk: layer for layer in layers})


def on_call_now(at: datetime, *, teams: Iterable[Team] | None = None, rotations: QuerySet[Rotation] | None = None) -> list[OnCall]:
    """Who answers in every rotation (of `teams`), by team, primary first. 6 queries."""
    found = rotations if teams is None else Rotation.objects.filter(team__in=list(teams))
    loaded = load(at, at + INSTANT, found)
    answers = [schedule.answer_at(one.plan, at) for one in loaded]
    people = _people(answers)
    return [_seat(one, answer, people, at) for one, answer in zip(loaded, answers, strict=True)]


def _people(answers: Iterable[Answer | None]) -> dict[int, User]:
    wanted = {person for answer in answers if answer for person in answer.people}
    return {person.pk: person for person in User.objects.filter(pk__in=wanted)} if wanted else {}


def _seat(one: Loaded, answer: Answer | None, people: dict[int, User], at: datetime) -> OnCall:
    rotation = one.rotation
    if answer is None:
        return OnCall(rotation, None, None, None, f"Nobody is on call: {_missing(one, at)}")
    active = [people[person] for person in answer.people if people[person].is_active]
    if not active:
        who = people[answer.people[0]]
        why = f"Nobody is on call: the account of {who}, whose turn it is in “{rotation}”, is switched off"
        return OnCall(rotation, None, answer.starts_at, answer.ends_at, why)
    return OnCall(rotation, active[0], answer.starts_at, answer.ends_at, _why(one, answer), active[1:])


def _missing(one: Loaded, at: datetime) -> str:
    rotation = one.rotation
    if not any(layer.rule.people for layer in one.plan.layers):
        return f"“{rotation}” has no people"
    begins = min(layer.rule.begins_at for layer in one.plan.layers if layer.rule.people)
    if at < begins:
        return f"“{rotation}” begins on {begins.astimezone(rotation.zone):%Y-%m-%d}"
    return f"nothing of “{rotation}” covers this moment"


def _why(one: Loaded, answer: Answer) -> str:
    if not answer.sources:
        return f"Nobody: a hole in “{one.rotation}”"
    kind, pk = answer.sources[0]
    if kind == "override":
        return f"Covers for the shift in “{one.rotation}”"
    return f"Has the shift in “{one.rotation}”" + (f", {one.layers[pk].name}" if pk else "")


def responder(team: Team, lane: str, at: datetime) -> OnCall | None:
    """Who answers in the team's lane; None when the team has no rotation there. 6 queries."""
    found = on_call_now(at, rotations=Rotation.objects.filter(team=team, lane=lane))
    return found[0] if found else None


def coming(start: datetime, end: datetime, rotations: QuerySet[Rotation] | None = None) -> list[tuple[Rotation, list[Span]]]:
    """Who answers in every rotation through [start, end), overrides and holes included. 6 queries.

    The first and the last span are as long as their shift, not cut at the edges of the question.
    """
    loaded = load(start, end, rotations)
    answers = [schedule.answers(one.plan, start, end) for one in loaded]
    people = _people(answer for row in answers for answer in row)
    return [
        (one.rotation, [Span([people[pk] for pk in answer.people], *_whole(one, answer, start, end), _why(one, answer)) for answer in row])
        for one, row in zip(loaded, answers, strict=True)
    ]


def _whole(one: Loaded, answer: Answer, start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """The span's ends; at the edges of the question those of its shift."""
    starts_at, ends_at = answer.starts_at, answer.ends_at
    if answer.people and starts_at == start and (found := schedule.answer_at(one.plan, start)):
        starts_at = found.starts_at
    if answer.people and ends_at == end and (found := schedule.answer_at(one.plan, max(answer.starts_at, end - INSTANT))):
        ends_at = found.ends_at
    return starts_at, ends_at
