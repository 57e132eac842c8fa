"""Named moments of an incident: filled by what happens, never over what a person corrected."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Min

from incidents.models import Incident, Milestone
from portal.accounts.models import User
from portal.notify.models import Message


def fill(incident: Incident, name: str, *, at: datetime, recorded_at: datetime, author: User | None = None) -> None:
    """Note the moment if that milestone is still empty. In the caller's transaction. 1-2 queries."""
    source = Milestone.Origin.PERSON if author else Milestone.Origin.AUTO
    Milestone.objects.get_or_create(incident=incident, name=name, defaults={"at": at, "source": source, "author": author, "recorded_at": recorded_at})


def alerted_at(incident: Incident) -> datetime | None:
    """When the first page was handed over to a channel; None while none was. 1 query."""
    found: datetime | None = Message.objects.filter(about=incident.subject, purpose=Message.Purpose.PAGE).aggregate(first=Min("sent_at"))["first"]
    return found


def fill_alerted(incident: Incident, *, recorded_at: datetime) -> None:
    """*Alerted* is known by the outbox; kept here once somebody acknowledges."""
    first = alerted_at(incident)
    if first is not None:
        fill(incident, "alerted", at=first, recorded_at=recorded_at)
