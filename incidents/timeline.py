"""The story of an incident in order: the vocabulary of its journal entries, and how they are read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from incidents.models import Incident
from portal import journal
from portal.accounts.models import User
from portal.models import Entry

# kind: (icon, tint); what is not listed is drawn as a note
KINDS = {
    "alert": ("siren", "bad"),
    "alert_ended": ("bell-off", "ok"),
    "ack": ("check", "ok"),
    "status": ("circle-dot", "info"),
    "severity": ("triangle-alert", "warn"),
    "note": ("message-square", ""),
    "tick": ("list-checks", ""),
    "run": ("stethoscope", "info"),
    "page": ("bell-ring", "warn"),
    "page_failed": ("bell-off", "bad"),
    "notice": ("mail", ""),
    "notice_failed": ("mail", "bad"),
    "decision": ("gavel", "warn"),
}


def append(incident: Incident, *, kind: str, at: datetime, by: User | None, text: str, **more: Any) -> Entry:
    """One entry in the caller's transaction. Raises: ValueError, a kind that the timeline does not know."""
    if kind not in KINDS:
        raise ValueError(f"The timeline knows no entries of kind {kind!r}.")
    return journal.append(incident.subject, kind=kind, at=at, by=by, text=text, **more)


def story(incident: Incident) -> QuerySet[Entry]:
    """Oldest first, with the person of each entry. 1 query."""
    return journal.entries(incident.subject)


def since(incident: Incident, entry_id: int) -> QuerySet[Entry]:
    """Entries written after the one with that id, oldest first. 1 indexed query."""
    return story(incident).filter(pk__gt=entry_id)
