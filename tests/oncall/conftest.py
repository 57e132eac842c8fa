"""A team with a weekly rotation of two people in Berlin."""

from __future__ import annotations

from datetime import date

import pytest

from oncall.models import EscalationPolicy, EscalationStep, Membership, Rotation, Service, Team, Turn
from oncall.starting import ESCALATION
from tests.conftest import person


@pytest.fixture
def crew(ana, ben):
    """Ana and Ben take turns; Lea leads."""
    team = Team.objects.create(name="Crew", slug="crew", is_default=True)
    for member, right in ((ana, "editor"), (ben, "editor"), (person("Lea"), "lead")):
        Membership.objects.create(team=team, user=member, role=right)
    return team


@pytest.fixture
def rotation(crew, ana, ben):
    """Mondays at 09:00 in Berlin since 5 January 2026: Ana first, then Ben. On 3 March 2026 it is Ana's turn."""
    rotation = Rotation.objects.create(team=crew, name="Crew primary", time_zone="Europe/Berlin", begins_on=date(2026, 1, 5))
    Turn.objects.create(rotation=rotation, person=ana, order=1)
    Turn.objects.create(rotation=rotation, person=ben, order=2)
    return rotation


@pytest.fixture
def runner(crew):
    return Service.objects.create(name="runner", slug="runner", team=crew, tier=1, time_zone="Europe/Berlin")


@pytest.fixture
def policy(crew):
    """The shipped SEV1 escalation."""
    from datetime import timedelta

    rounds, steps = ESCALATION[1]
    policy = EscalationPolicy.objects.create(team=crew, severity=1, rounds=rounds)
    for minutes, whom in steps:
        EscalationStep.objects.create(policy=policy, after=timedelta(minutes=minutes), whom=whom)
    return policy
