"""What a runbook is followed for: an incident, as those see it who may."""

from __future__ import annotations

from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.urls import reverse

from incidents.models import Incident
from portal.accounts.models import User
from runbooks import following, panels
from runbooks.following import Subject
from runbooks.models import Runbook

USED = 200  # latest followings that are counted


def subject(user: User, about: str) -> Subject | None:
    """Of `incident:142`, with the labels that all its alerts share. 2 queries."""
    number = about.partition(":")[2]
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        return None
    incident = Incident.objects.visible_to(user).filter(pk=int(number)).first()
    if incident is None:
        return None
    return Subject(incident.reference, reverse("incident-detail", args=[incident.pk]), _labels(incident), over=incident.is_over)


def _labels(incident: Incident) -> dict[str, str]:
    alerts = [episode.alert.labels for episode in incident.episodes.select_related("alert")[:50]]
    first = alerts[0] if alerts else {}
    shared = {name: str(value) for name, value in first.items() if all(labels.get(name) == value for labels in alerts)}
    if incident.service:
        shared.setdefault("service", incident.service.slug)
    return shared


def used_in(user: User, runbook: Runbook, about: str, now: datetime) -> dict[str, Any] | None:
    """In which incidents it was followed, and how long it took until they were mitigated: median, and of how many. 2-3 queries."""
    subjects = list(runbook.followings.order_by("-begun_at").values_list("about", flat=True)[:USED])
    numbers = [int(number) for kind, _, number in (subject.partition(":") for subject in subjects) if kind == "incident" and number.isdecimal()]
    found = list(Incident.objects.visible_to(user).filter(pk__in=numbers, kind=Incident.Kind.INCIDENT).prefetch_related("milestones").order_by("-pk"))
    if not found:
        return None
    took = [seconds for incident in found if (seconds := _until_mitigated(incident)) is not None]
    return {"incidents": found[:5], "number": len(found), "median": timedelta(seconds=median(took)) if took else None, "known": len(took)}


def _until_mitigated(incident: Incident) -> float | None:
    at = {milestone.name: milestone.at for milestone in incident.milestones.all()}
    begun, over = at.get("impact_started"), at.get("mitigated")
    return (over - begun).total_seconds() if begun and over and over >= begun else None


def put_on_shelf() -> None:
    """What runbooks ask of incidents. Called in `AppConfig.ready()`."""
    following.subjects.put("incident", subject)
    panels.beside.put("used in", panels.RunbookPanel("incidents/_used_in.html", used_in))
