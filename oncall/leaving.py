"""When somebody leaves: their turns, covers, escalation steps and the teams that only they lead are taken over by whoever is named."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F, Q

from oncall import covering
from oncall.models import EscalationPolicy, EscalationStep, Handoff, Membership, Override, Rotation, Swap, Team, Turn
from portal.accounts.leaving import Duty
from portal.accounts.models import User


def held(person: User, now: datetime) -> list[str]:
    """What nobody would do once they are gone, a sentence each. 3 queries."""
    steps = EscalationPolicy.objects.filter(steps__person=person).select_related("service", "team").distinct()
    return [
        *(f"takes turns in “{rotation}”" for rotation in _rotations(person, now)),
        *(f"is paged by the escalation of {policy}" for policy in steps),
        *(f"is the only lead of {team}" for team in _led_alone(person)),
    ]


def _rotations(person: User, now: datetime) -> list[Rotation]:
    """Those that have them in their order, or in a cover that is not over."""
    mine = Q(turns__person=person) | (Q(overrides__person=person, overrides__ends_at__gt=now) & ~Q(overrides__kind=Override.Kind.REMOVE))
    return list(Rotation.objects.filter(pk__in=Rotation.objects.filter(mine).values("pk")).order_by("pk"))


def _led_alone(person: User) -> list[Team]:
    other = Membership.objects.filter(role=Membership.Role.LEAD, user__is_active=True).exclude(user=person)
    led = Team.objects.filter(membership__user=person, membership__role=Membership.Role.LEAD)
    return list(led.exclude(pk__in=other.values("team")).order_by("pk"))


def hand_over(person: User, to: User, *, by: User, at: datetime) -> int:
    """Give it all to `to`, in the caller's transaction, and tell whose shifts moved; how many things. Raises: Invalid, `to` cannot be on call."""
    rotations, teams, policies = _rotations(person, at), _led_alone(person), EscalationPolicy.objects.filter(steps__person=person).distinct()
    if rotations:
        covering.check_person(to)
    for swap in Swap.objects.filter(Q(giver=person) | Q(taker=person), state=Swap.State.OFFERED):
        covering.take_back(swap.pk, by=by, at=at)
    for rotation in rotations:
        _take_turns(rotation, person, to, by=by, at=at)
    Handoff.objects.filter(incoming=person).exclude(state=Handoff.State.ACCEPTED).exclude(outgoing=to).update(incoming=to)
    named = list(policies.values_list("pk", flat=True))
    EscalationStep.objects.filter(person=person).update(person=to)
    EscalationPolicy.objects.filter(pk__in=named).update(version=F("version") + 1)
    for team in teams:
        Membership.objects.update_or_create(team=team, user=to, defaults={"role": Membership.Role.LEAD})
    return len(rotations) + len(named) + len(teams)


def _take_turns(rotation: Rotation, person: User, to: User, *, by: User, at: datetime) -> None:
    with covering.telling(rotation.pk, by=by, at=at, why=f"{to} takes over from {person}") as locked:
        Turn.objects.filter(rotation=locked, person=person).update(person=to)
        for cover in locked.overrides.filter(person=person, ends_at__gt=at).exclude(kind=Override.Kind.REMOVE):
            if cover.starts_at < at:  # what they did so far stays theirs
                Override.objects.create(rotation=locked, kind=cover.kind, person=person, starts_at=cover.starts_at, ends_at=at, reason=cover.reason)
            Override.objects.filter(pk=cover.pk).update(person=to, starts_at=max(cover.starts_at, at))
        locked.version += 1
        locked.save()


DUTY = Duty(held, hand_over)
