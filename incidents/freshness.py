"""Is there anything new on an incident? One indexed read that every viewer asks for every few seconds."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max, OuterRef, Subquery

from incidents.models import Incident, Reading
from portal.accounts.models import User
from portal.models import Entry


def mark(incident_id: int, *, user: User) -> str | None:
    """Names what can be seen now: the version, the newest entry, the newest sample. None: not there for this person. 1 query."""
    newest = Entry.objects.filter(subject=f"incident:{incident_id}").order_by("-pk").values("pk")[:1]
    sampled = Reading.objects.filter(service=OuterRef("service")).order_by().values("service").annotate(at=Max("asked_at")).values("at")
    found = Incident.objects.visible_to(user).filter(pk=incident_id).annotate(newest=Subquery(newest), sampled=Subquery(sampled))
    row = found.values_list("version", "newest", "sampled").first()
    return text_of(*row) if row else None


def text_of(version: int, newest: int | None, sampled: datetime | None) -> str:
    return f"{version}.{newest or 0}.{int(sampled.timestamp()) if sampled else 0}"


def newest_entry(seen: str) -> int:
    """The entry that a mark names; 0 for a mark that is none of ours."""
    parts = seen.split(".")
    return int(parts[1]) if len(parts) == 3 and parts[1].isascii() and parts[1].isdecimal() and len(parts[1]) < 19 else 0
