"""What changed around the start of an incident: recorded changes of its service, or of none, each with how long before or after it began."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from incidents.models import Incident
from portal.accounts.models import User
from runbooks import changes
from runbooks.models import Change

MINUTE = timedelta(minutes=1)
DAY_BEFORE = timedelta(hours=24)
SUSPECT = timedelta(hours=2)  # a change that long before the impact is looked at first
BEFORE, SINCE = 4, 3  # at most shown


@dataclass(frozen=True, slots=True)
class Around:
    """gap: how long before the impact began, or after, to the minute. suspect: shortly before."""

    change: Change
    gap: timedelta
    after: bool
    suspect: bool


def began(incident: Incident) -> datetime:
    """When its impact began, as far as is known. 1 query."""
    return incident.milestones.filter(name="impact_started").values_list("at", flat=True).first() or incident.opened_at


def recent(incident: Incident, start: datetime, until: datetime) -> list[Around]:
    """Newest first: the last ones since `start`, and the last ones of the day before it. 1 query."""
    found = [_around(change, start) for change in changes.before(until, service=incident.service, within=until - start + DAY_BEFORE)]
    return [one for one in found if one.after][:SINCE] + [one for one in found if not one.after][:BEFORE]


def _around(change: Change, start: datetime) -> Around:
    gap = start - change.at
    return Around(change, timedelta(minutes=round(abs(gap) / MINUTE)), after=gap < timedelta(), suspect=timedelta() <= gap <= SUSPECT)


def panel(user: User, incident: Incident, now: datetime) -> dict[str, Any] | None:
    """For the page of the incident; None in a house that records no changes. 2-3 queries."""
    found = recent(incident, began(incident), max(incident.resolved_at or now, incident.opened_at))
    return {"rows": found} if found or Change.objects.exists() else None
