"""Who does what in an incident, and who did it before (product.md section 5)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from incidents import timeline
from incidents.locks import locked, store
from incidents.models import Holding, Incident
from portal.errors import Invalid

if TYPE_CHECKING:
    from portal.accounts.models import User

LEADS = (Holding.Role.COMMANDER, Holding.Role.OPERATIONS, Holding.Role.COMMUNICATIONS, Holding.Role.SCRIBE)  # one person at a time


@transaction.atomic
def take(incident_id: int, role: str, *, person: User, by: User, at: datetime, state: str = "") -> Holding:
    """`person` holds the role from now on; whoever led before leaves it. Handing over a command needs a sentence of state.

    Taking what one holds changes nothing. Raises: Invalid.
    """
    if role not in Holding.Role.values:
        raise Invalid(f"“{role[:40]}” is no role; use one of {', '.join(Holding.Role.values)}.")
    if not person.is_active or person.is_service:
        raise Invalid(f"{person} cannot hold a role: the account is not an active person's.")
    incident = locked(incident_id)
    current = list(incident.roles.filter(role=role, left_at=None).select_related("person"))
    mine = next((holding for holding in current if holding.person_id == person.pk), None)
    if mine:
        return mine
    before = current[0] if current and role in LEADS else None
    if before and role == Holding.Role.COMMANDER and not state.strip():
        raise Invalid(f"{before.person} leads this. Hand over with a sentence on where things stand.")
    if before:
        before.left_at = at
        before.save(update_fields=["left_at"])
    holding = Holding.objects.create(incident=incident, role=role, person=person, taken_at=at, state_of_play=state.strip()[:500])
    word = Holding.Role(role).label
    told = f"{word}: {before.person} → {person}" if before else f"{word}: {person}"
    timeline.append(incident, kind="role", at=at, by=by, text=told + (f". {state.strip()}" if state.strip() else ""), data={"role": role})
    store(incident)
    return holding


@transaction.atomic
def leave(incident_id: int, role: str, *, person: User, by: User, at: datetime) -> Holding:
    """`person` no longer holds the role. Raises: Invalid, they do not."""
    incident = locked(incident_id)
    holding = incident.roles.filter(role=role, person=person, left_at=None).first()
    if holding is None:
        raise Invalid(f"{person} does not hold that role.")
    holding.left_at = at
    holding.save(update_fields=["left_at"])
    timeline.append(incident, kind="role", at=at, by=by, text=f"{holding.get_role_display()}: {person} left", data={"role": role})
    store(incident)
    return holding


def held(incident: Incident) -> dict[str, list[Holding]]:
    """Who holds what now, by role. 1 query."""
    found: dict[str, list[Holding]] = {}
    for holding in incident.roles.filter(left_at=None).select_related("person"):
        found.setdefault(holding.role, []).append(holding)
    return found


def whom_to_nag(incident: Incident) -> User | None:
    """Who is asked when an update is due: the communications lead, then the commander, then whoever acknowledged. 1 query."""
    now = held(incident)
    for role in (Holding.Role.COMMUNICATIONS, Holding.Role.COMMANDER):
        if now.get(role):
            return now[role][0].person
    return incident.acknowledged_by
