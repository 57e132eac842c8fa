"""How every story takes and keeps an incident: locked in the order of ids, written as a new version."""

from __future__ import annotations

from incidents.models import Incident
from portal.locking import locked_one

REASON_AT_LEAST = 10  # characters, where a person goes against the usual way


def locked(incident_id: int) -> Incident:
    """Locked for the caller's transaction. Several are locked in the order of their ids."""
    return locked_one(Incident.objects.select_related("service__team", "acknowledged_by"), incident_id)


def store(incident: Incident) -> None:
    """Write it as a new version, in the caller's transaction, which locks it."""
    incident.version += 1
    incident.save()
