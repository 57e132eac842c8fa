"""A crew on call, a service, and captured requests."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from incidents import lifecycle
from oncall.models import EscalationPolicy, EscalationStep, Membership, Rotation, Service, Team, Turn
from oncall.starting import ESCALATION
from portal import due
from portal.models import Due
from tests.conftest import person

CAPTURES = Path(__file__).resolve().parent.parent / "payloads" / "alertmanager"


@pytest.fixture
def crew(ana, ben):
    """Ana is primary, Ben secondary, Lea leads."""
    team = Team.objects.create(name="Crew", slug="crew", is_default=True)
    for member, right in ((ana, "editor"), (ben, "editor"), (person("Lea"), "lead")):
        Membership.objects.create(team=team, user=member, role=right)
    for lane, answers in (("primary", ana), ("secondary", ben)):
        rotation = Rotation.objects.create(team=team, name=f"Crew {lane}", lane=lane, begins_on=date(2020, 1, 6))
        Turn.objects.create(rotation=rotation, person=answers)
    for severity, (rounds, steps) in ESCALATION.items():
        policy = EscalationPolicy.objects.create(team=team, severity=severity, rounds=rounds)
        for minutes, whom in steps:
            EscalationStep.objects.create(policy=policy, after=timedelta(minutes=minutes), whom=whom)
    return team


@pytest.fixture
def runner(crew):
    return Service.objects.create(name="runner", slug="runner", team=crew, tier=1)


@pytest.fixture
def opened(runner, noon):
    """A SEV1 opened by hand at noon by somebody who is not on call."""
    return lifecycle.declare(title="Agents do not answer", severity=1, service=runner, summary="", by=person("Dia"), at=noon)


def captured(name: str) -> dict:
    """One captured request by its file name without `.json`."""
    return json.loads((CAPTURES / f"{name}.json").read_text(encoding="utf-8"))


def all_captures() -> list[dict]:
    """Every captured request, in the order in which they arrived."""
    found = [json.loads(path.read_text(encoding="utf-8")) | {"_name": path.stem} for path in sorted(CAPTURES.glob("*.json"))]
    return sorted(found, key=lambda capture: capture["received_at"])


def moment_of(capture: dict) -> datetime:
    return datetime.fromisoformat(capture["received_at"].replace("Z", "+00:00"))


def at_time(now: datetime, monkeypatch) -> None:
    """Work everything that is due at that moment of the domain's clock."""
    from portal import clock

    monkeypatch.setattr(clock, "now", lambda: now)
    for pool in ("paging", "work"):
        due.run(pool)


def escalation_rows() -> list[datetime]:
    return list(Due.objects.filter(kind="incidents.escalate").values_list("due_at", flat=True))


@pytest.fixture
def sender(runner, noon):
    """The Alertmanager of source `main`, with its token; alerts without a service are the runner's."""
    from incidents.alerts import sources
    from tests.incidents.alerting import Sender

    return Sender(*sources.create("main", at=noon, default_service=runner))
