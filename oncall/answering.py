"""Who answers for a service, and what would happen if nobody did."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.dateparse import parse_datetime

from oncall import escalation, hours, reaching, rota
from oncall.models import Service
from portal import clock
from portal.errors import Invalid

PAGED = (1, 2)  # severities whose steps are taken


def moment_of(text: str) -> datetime:
    """ISO 8601 with an offset; now for an empty text. Raises: Invalid."""
    if not text:
        return clock.now()
    try:
        found = parse_datetime(text.replace(" ", "+"))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Invalid("at must be a moment with an offset, such as 2026-03-03T12:00:00Z.")
    return found


def seats(service: Service, at: datetime) -> list[rota.OnCall]:
    """Everybody on call in the rotations of the service's team. 6 queries."""
    return rota.on_call_now(at, teams=[service.team])


def ladders(service: Service, at: datetime) -> list[tuple[int, list[tuple[timedelta, escalation.Step, reaching.Reached]]]]:
    """For SEV1 and SEV2 opened at `at`: after how long which step pages whom, in the first round. SEV2 waits for business hours."""
    found = []
    for severity in PAGED:
        begins = at if severity == 1 or hours.is_open(service, at) else hours.next_opening(service, at)
        plan = reaching.plan_for(service.team, severity, service)
        steps = escalation.upcoming(plan, begun_at=begins, taken=0)
        found.append((severity, [(step.at - at, step.step, reaching.whom(service.team, step.step, step.at, service=service)) for step in steps]))
    return found
