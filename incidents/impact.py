"""What it costs: in words, and in numbers (users, failed requests, revenue, minutes of the promised availability)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction

from incidents import timeline
from incidents.locks import locked, store
from incidents.models import Incident
from portal.errors import Invalid

if TYPE_CHECKING:
    from portal.accounts.models import User


@dataclass(frozen=True, slots=True)
class Impact:
    """None is "no data"; 0 is a finding."""

    words: str = ""
    users_affected: int | None = None
    failed_requests: int | None = None
    revenue_lost: Decimal | None = None
    currency: str = "USD"
    sla_minutes: int | None = None


@transaction.atomic
def set_impact(incident_id: int, impact: Impact, *, by: User, at: datetime) -> Incident:
    """Keep it and tell the timeline what changed. Raises: Invalid."""
    if any(number is not None and number < 0 for number in (impact.users_affected, impact.failed_requests, impact.revenue_lost, impact.sla_minutes)):
        raise Invalid("A number of the impact cannot be negative.")
    if not re.fullmatch(r"[A-Z]{3}", impact.currency):
        raise Invalid("Name the currency by its three letters, such as EUR.")
    incident = locked(incident_id)
    before = of(incident)
    if before == impact:
        return incident
    incident.impact, incident.users_affected, incident.failed_requests = impact.words.strip()[:300], impact.users_affected, impact.failed_requests
    incident.revenue_lost, incident.currency, incident.sla_minutes = impact.revenue_lost, impact.currency, impact.sla_minutes
    store(incident)
    timeline.append(incident, kind="impact", at=at, by=by, text=f"Impact: {sentence(impact) or 'no data'}")
    return incident


def of(incident: Incident) -> Impact:
    return Impact(incident.impact, incident.users_affected, incident.failed_requests, incident.revenue_lost, incident.currency, incident.sla_minutes)


def sentence(impact: Impact) -> str:
    """`61 of 214 tenants, 3,000 users, 1,204 failed requests`; empty for nothing known."""
    parts = [impact.words] if impact.words else []
    if impact.users_affected is not None:
        parts.append(f"{impact.users_affected:,} users")
    if impact.failed_requests is not None:
        parts.append(f"{impact.failed_requests:,} failed requests")
    if impact.revenue_lost is not None:
        parts.append(f"{impact.revenue_lost:,} {impact.currency}")
    if impact.sla_minutes is not None:
        parts.append(f"{impact.sla_minutes:,} SLA minutes")
    return ", ".join(parts)
