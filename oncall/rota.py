"""Who answers at a moment, and why. A hole is said, never skipped in silence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Prefetch, QuerySet

from oncall import escalation
from oncall.models import EscalationPolicy, EscalationStep, Override, Rotation, Team, Turn
from oncall.rotations import Shift, shift_at, shifts
from portal.accounts.models import User

WITHOUT_POLICY = escalation.Plan([escalation.Step(timedelta(0), "primary"), escalation.Step(timedelta(minutes=15), "lead")], rounds=3)


@dataclass(frozen=True, slots=True)
class OnCall:
    """Who answers in one rotation. `person` None is a hole; `why` says what the answer rests on, or what is missing."""

    rotation: Rotation
    person: User | None
    starts_at: datetime | None
    ends_at: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class Reached:
    """The people of an escalation step; an empty list with the reason when there is nobody."""

    people: list[User]
    why: str


def _rotations(found: QuerySet[Rotation] | None = None) -> QuerySet[Rotation]:
    """With all that the computations below read, in 3 queries whatever their number."""
    found = Rotation.objects.all() if found is None else found
    turns = Prefetch("turns", queryset=Turn.objects.select_related("person"))
    overrides = Prefetch("overrides", queryset=Override.objects.select_related("person").order_by("-pk"))
    return found.select_related("team").prefetch_related(turns, overrides)


def answering(rotation: Rotation, at: datetime) -> OnCall:
    """Who answers in a rotation that came with its turns and overrides. 0 queries."""
    for override in rotation.overrides.all():
        if override.starts_at <= at < override.ends_at:
            return _seat(rotation, override.person, override.starts_at, override.ends_at, f"Covers for the shift in “{rotation}”")
    shift = shift_at(rotation.rule(), at)
    if shift is None:
        begun = rotation.begins_on <= at.astimezone(rotation.zone).date()
        lacks = "has no people" if begun else f"begins on {rotation.begins_on}"
        return OnCall(rotation, None, None, None, f"Nobody is on call: “{rotation}” {lacks}")
    people = {turn.person_id: turn.person for turn in rotation.turns.all()}
    return _seat(rotation, people[shift.person], shift.starts_at, shift.ends_at, f"Has the shift in “{rotation}”")


def _seat(rotation: Rotation, person: User, starts_at: datetime, ends_at: datetime, why: str) -> OnCall:
    if not person.is_active:
        return OnCall(
            rotation, None, starts_at, ends_at, f"Nobody is on call: the account of {person}, whose turn it is in “{rotation}”, is switched off"
        )
    return OnCall(rotation, person, starts_at, ends_at, why)


def on_call_now(at: datetime, *, teams: Iterable[Team] | None = None) -> list[OnCall]:
    """Who answers in every rotation (of `teams`), by team, primary first. 3 queries."""
    found = _rotations() if teams is None else _rotations(Rotation.objects.filter(team__in=list(teams)))
    return [answering(rotation, at) for rotation in found]


def responder(team: Team, lane: str, at: datetime) -> OnCall | None:
    """Who answers in the team's lane; None when the team has no rotation there. 3 queries."""
    rotation = _rotations(Rotation.objects.filter(team=team, lane=lane)).first()
    return answering(rotation, at) if rotation else None


def whom(team: Team, step: escalation.Step, at: datetime) -> Reached:
    """The active people of an escalation step at a moment. 1-3 queries."""
    if step.whom in (EscalationStep.Whom.PRIMARY, EscalationStep.Whom.SECONDARY):
        seat = responder(team, step.whom, at)
        if seat is None:
            return Reached([], f"{team} has no {step.whom} rotation")
        return Reached([seat.person] if seat.person else [], seat.why)
    if step.whom == EscalationStep.Whom.PERSON:
        person = User.objects.filter(pk=step.person or 0, is_active=True).first()
        return Reached([person] if person else [], "Named in the escalation policy" if person else "The person named in the policy is not active")
    people = team.leads() if step.whom == EscalationStep.Whom.LEAD else team.members.filter(is_active=True, is_service=False).order_by("name")
    found = list(people)
    word = "lead" if step.whom == EscalationStep.Whom.LEAD else "active member"
    return Reached(found, f"{word.capitalize()} of {team}" if found else f"{team} has no {word}")


def plan_for(team: Team, severity: int) -> escalation.Plan:
    """The team's escalation for a severity (1-4); without a policy the primary, then the leads, three times. 2 queries."""
    policy = EscalationPolicy.objects.filter(team=team, severity=severity).prefetch_related("steps").first()
    steps = sorted(policy.steps.all(), key=lambda step: (step.after, step.pk)) if policy else []
    if policy is None or not steps:
        return WITHOUT_POLICY
    return escalation.Plan([escalation.Step(step.after, step.whom, step.person_id) for step in steps], policy.rounds)


def coming(start: datetime, end: datetime) -> list[tuple[Rotation, list[tuple[Shift, User]]]]:
    """The shifts of every rotation that touch [start, end), overrides left aside. 3 queries."""
    found = []
    for rotation in _rotations():
        people = {turn.person_id: turn.person for turn in rotation.turns.all()}
        found.append((rotation, [(shift, people[shift.person]) for shift in shifts(rotation.rule(), start, end)]))
    return found
