"""What incidents show on pages that do not know them, and the socket for what stands to their right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from incidents.models import Incident
from incidents.models.incident import Status
from portal.accounts.models import User
from portal.home.needs import Need
from portal.notify.models import Message
from portal.shelves import Shelf
from portal.web.counts import Count


@dataclass(frozen=True, slots=True)
class IncidentPanel:
    """A card on the page of one incident. `context` answers None when there is nothing to show."""

    template: str
    context: Callable[[User, Incident, datetime], dict[str, Any] | None]


def open_outside(now: datetime) -> Count:
    """For the sign-in page: how many are open, restricted ones left out. 1 query."""
    number = Incident.objects.open().filter(is_restricted=False).count()
    return Count(number, "incident open" if number == 1 else "incidents open", hot=True)


after: Shelf[IncidentPanel] = Shelf("panels of an incident")
SHOWN = 5


def open_incidents(user: User, now: datetime) -> dict[str, Any] | None:
    """Open incidents, those that nobody acknowledged first, then the worst. 1 query."""
    visible = Incident.objects.open().visible_to(user).select_related("service", "acknowledged_by")
    found = sorted(visible.order_by("severity", "-pk")[:50], key=lambda incident: not incident.waits)
    return {"incidents": found[:SHOWN], "more": len(found) - SHOWN} if found else None


def open_count(user: User, now: datetime) -> dict[str, Count]:
    """1 query."""
    return {"incidents": Count(Incident.objects.open().visible_to(user).count(), "open", hot=True)}


def needs_of_pages(user: User, now: datetime) -> list[Need]:
    """Incidents that I was paged for and that nobody acknowledged. 1 query."""
    about = Message.objects.filter(recipient=user, purpose=Message.Purpose.PAGE, state=Message.State.SENT).values_list("about", flat=True)
    mine = {int(subject.partition(":")[2]) for subject in about.order_by("-pk")[:50] if subject.startswith("incident:")}
    waiting = Incident.objects.filter(pk__in=mine, status=Status.TRIAGE)
    return [
        Need(
            what=f"Acknowledge {incident.reference}: {incident.title}",
            why=f"SEV{incident.severity}, you were paged",
            due_at=incident.opened_at,
            url=reverse("incident-detail", args=[incident.pk]),
            icon="siren",
        )
        for incident in waiting
    ]
