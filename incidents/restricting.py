"""Restricted incidents: there only for the people named, the leads of the service's team, and administrators."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from incidents import timeline
from incidents.locks import REASON_AT_LEAST, locked, store
from incidents.models import Incident
from portal.errors import Invalid

if TYPE_CHECKING:
    from portal.accounts.models import User


@transaction.atomic
def restrict(incident_id: int, *, named: Iterable[User], by: User, at: datetime) -> Incident:
    """Hidden from everybody else at once, with all that is written about it. Whoever restricts it is always named."""
    incident = locked(incident_id)
    people = {person.pk: person for person in (*named, by)}
    incident.named.set(people.values())
    incident.is_restricted = True
    store(incident)
    names = ", ".join(sorted(str(person) for person in people.values()))
    timeline.append(incident, kind="restricted", at=at, by=by, text=f"Restricted to {names}")
    return incident


@transaction.atomic
def lift(incident_id: int, *, by: User, at: datetime, reason: str) -> Incident:
    """Everybody signed in may read it again. Raises: Invalid, no reason."""
    if len(reason.strip()) < REASON_AT_LEAST:
        raise Invalid(f"Opening it to everybody needs a reason of at least {REASON_AT_LEAST} characters.")
    incident = locked(incident_id)
    incident.is_restricted = False
    store(incident)
    timeline.append(incident, kind="restricted", at=at, by=by, text=f"No longer restricted: {reason.strip()}")
    return incident
