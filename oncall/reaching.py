"""Whom an escalation step reaches, and which steps there are for a team, a service and a severity."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q

from oncall import escalation, hours, rota
from oncall.models import EscalationPolicy, EscalationStep, Rotation, Service, Team
from portal.accounts.models import User

WITHOUT_POLICY = escalation.Plan([escalation.Step(timedelta(0), "primary"), escalation.Step(timedelta(minutes=15), "lead")], rounds=3)


@dataclass(frozen=True, slots=True)
class Reached:
    """The people of an escalation step; an empty list with the reason when there is nobody."""

    people: list[User]
    why: str


def whom(team: Team, step: escalation.Step, at: datetime, *, service: Service | None = None) -> Reached:
    """The active people of an escalation step at a moment. 0-5 queries."""
    if step.hours != EscalationStep.Hours.ALWAYS and hours.is_open(service, at) != (step.hours == EscalationStep.Hours.OPEN):
        return Reached([], f"The step is for {EscalationStep.Hours(step.hours).label.removeprefix('in ')} only")
    if step.whom in (EscalationStep.Whom.PRIMARY, EscalationStep.Whom.SECONDARY):
        return _seated(rota.responder(team, step.whom, at), f"{team} has no {step.whom} rotation")
    if step.whom == EscalationStep.Whom.ROTATION:
        seats = rota.on_call_now(at, rotations=Rotation.objects.filter(pk=step.rotation or 0))
        return _seated(seats[0] if seats else None, "The rotation named in the policy is gone")
    if step.whom == EscalationStep.Whom.PERSON:
        person = User.objects.filter(pk=step.person or 0, is_active=True).first()
        return Reached([person] if person else [], "Named in the escalation policy" if person else "The person named in the policy is not active")
    people = team.leads() if step.whom == EscalationStep.Whom.LEAD else team.members.filter(is_active=True, is_service=False).order_by("name")
    found = list(people)
    word = "lead" if step.whom == EscalationStep.Whom.LEAD else "active member"
    return Reached(found, f"{word.capitalize()} of {team}" if found else f"{team} has no {word}")


def _seated(seat: rota.OnCall | None, otherwise: str) -> Reached:
    return Reached(seat.people, seat.why) if seat else Reached([], otherwise)


def plan_for(team: Team, severity: int, service: Service | None = None) -> escalation.Plan:
    """The service's own escalation for a severity (1-4), else the team's; without any the primary, then the leads, three times. 2 queries."""
    mine = Q(service=None) | Q(service=service) if service else Q(service=None)
    found = EscalationPolicy.objects.filter(mine, team=team, severity=severity).order_by(F("service").desc(nulls_last=True))
    policy = found.prefetch_related("steps").first()
    steps = sorted(policy.steps.all(), key=lambda step: (step.after, step.pk)) if policy else []
    if policy is None or not steps:
        return WITHOUT_POLICY
    return escalation.Plan([_step(step) for step in steps], policy.rounds)


def _step(step: EscalationStep) -> escalation.Step:
    return escalation.Step(step.after, step.whom, step.person_id, step.rotation_id, step.by, step.hours)
