"""The story of an incident in order: the vocabulary of its journal entries, and how they are read."""

from __future__ import annotations

from collections.abc import Iterable
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
    "reopened": ("rotate-ccw", "warn"),
    "severity": ("triangle-alert", "warn"),
    "milestone": ("flag", ""),
    "impact": ("users", "bad"),
    "role": ("user-check", ""),
    "merge": ("merge", "info"),
    "restricted": ("lock", "warn"),
    "update": ("megaphone", "warn"),
    "update_failed": ("megaphone", "bad"),
    "file": ("file", ""),
    "step": ("book-open-check", "info"),
    "mitigation": ("wrench", "info"),
    "watch": ("timer", "info"),
    "late": ("clock-alert", "bad"),
    "metrics": ("activity", ""),
    "runbook": ("book-open", ""),
    "dashboard": ("layout-dashboard", ""),
    "channel": ("hash", ""),
    "change": ("rocket", "info"),
    "meeting": ("calendar-clock", ""),
    "pin": ("pin", ""),
    "note": ("message-square", ""),
    "tick": ("list-checks", ""),
    "run": ("stethoscope", "info"),
    "page": ("bell-ring", "warn"),
    "page_failed": ("bell-off", "bad"),
    "notice": ("mail", ""),
    "notice_failed": ("mail", "bad"),
    "decision": ("flag", "warn"),
}


def append(incident: Incident, *, kind: str, at: datetime, by: User | None, text: str, **more: Any) -> Entry:
    """One entry in the caller's transaction. Raises: ValueError, a kind that the timeline does not know."""
    if kind not in KINDS:
        raise ValueError(f"The timeline knows no entries of kind {kind!r}.")
    return journal.append(incident.subject, kind=kind, at=at, by=by, text=text, **more)


def append_many(told: Iterable[tuple[Incident, str, dict[str, Any]]], *, kind: str, at: datetime) -> None:
    """The portal's own entries of one kind in many incidents: the incident, a text, its data. As many queries as for one."""
    if kind not in KINDS:
        raise ValueError(f"The timeline knows no entries of kind {kind!r}.")
    journal.append_many([(incident.subject, text, data) for incident, text, data in told], kind=kind, at=at)


def subjects(incident: Incident) -> list[str]:
    """Its own, and those of the incidents merged into it that its readers may see. 1 query."""
    merged = incident.merged.all() if incident.is_restricted else incident.merged.filter(is_restricted=False)
    return [incident.subject, *(f"incident:{pk}" for pk in merged.values_list("pk", flat=True))]


def story(incident: Incident) -> QuerySet[Entry]:
    """Oldest first, with the person of each entry, merged incidents among them. 2 queries."""
    return Entry.objects.filter(subject__in=subjects(incident)).select_related("by")


def since(incident: Incident, entry_id: int) -> QuerySet[Entry]:
    """Entries written after the one with that id, oldest first. 2 queries."""
    return story(incident).filter(pk__gt=entry_id)
