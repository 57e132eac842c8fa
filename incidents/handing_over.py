"""What incidents put into a hand-off: what is open and what is next, what still fires, what made the most noise."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.urls import reverse

from incidents import lifecycle
from incidents.models import Alert, Episode, Incident, Source
from incidents.models.incident import Status
from oncall.handoffs import Line, Section, Subject
from oncall.models import Service

NOISIEST = 5
SILENCES_AHEAD = timedelta(hours=24)


def open_incidents(subject: Subject) -> list[Line]:
    """Of the team's services, worst first, with the next step; restricted ones only by their reference. 1 query."""
    found = Incident.objects.open().filter(_of(subject), kind=Incident.Kind.INCIDENT).select_related("service").order_by("severity", "opened_at")
    return [
        Line(
            incident.subject,
            incident.reference if incident.is_restricted else str(incident),
            f"SEV{incident.severity}, {incident.get_status_display().lower()}; {_next(incident)}",
            reverse("incident-detail", args=[incident.pk]),
        )
        for incident in found[:50]
    ]


def _of(subject: Subject) -> Q:
    mine = Q(service__team=subject.team)
    return mine | Q(service=None) if subject.team.is_default else mine


def _next(incident: Incident) -> str:
    if incident.waits:
        return "nobody has acknowledged it"
    status = lifecycle.next_status(incident)
    return f"next: mark {Status(status).label.lower()}" if status else "nothing is left to do"


def still_firing(subject: Subject) -> list[Line]:
    """Alerts that fire on in incidents which somebody acknowledged. 1 query."""
    held = Q(incident__in=Incident.objects.open().exclude(status=Status.TRIAGE).filter(_of(subject), is_restricted=False))
    found = Episode.objects.filter(held, ended_at=None).select_related("alert", "incident").order_by("started_at")
    return [_firing(episode, episode.incident) for episode in found[:30] if episode.incident]


def _firing(episode: Episode, incident: Incident) -> Line:
    why = f"since {episode.started_at:%d %b %H:%M} UTC, {incident.reference}"
    return Line(f"alert:{episode.alert_id}", episode.alert.title, why, reverse("alert-detail", args=[episode.alert_id]))


def ending_silences(subject: Subject) -> list[Line]:
    """What ends within 24 hours of the change and will be heard again, the next first; of other teams' services nothing. 2 queries."""
    others = set(Service.objects.exclude(team=subject.team).values_list("slug", flat=True))
    silences = [silence for kept in Source.objects.filter(is_enabled=True).values_list("silences", flat=True) for silence in kept]
    found = [(datetime.fromisoformat(silence["ends_at"]), silence) for silence in silences if silence["service"] not in others]
    return [
        Line(
            f"silence:{silence['url'].rpartition('/')[2]}",
            silence["matches"] or "everything",
            f"ends {ends_at:%d %b %H:%M} UTC, set by {silence['who']}" + (f": {silence['note']}" if silence["note"] else ""),
            silence["url"],
        )
        for ends_at, silence in sorted(found, key=lambda row: row[0])
        if subject.now < ends_at <= subject.at + SILENCES_AHEAD
    ][:30]


def noisiest(subject: Subject) -> list[Line]:
    """The five alert names with the most episodes in the shift. 1 query."""
    services = Q(service__team=subject.team) | Q(service=None) if subject.team.is_default else Q(service__team=subject.team)
    inside = Q(episodes__first_seen_at__gte=subject.since, episodes__first_seen_at__lt=subject.now)
    rows = Alert.objects.filter(services, severity__isnull=False).values("name").annotate(times=Count("episodes", filter=inside)).filter(times__gt=0)
    return [
        Line(f"noise:{row['name']}", row["name"] or "unnamed alert", f"fired {row['times']} time{'s' if row['times'] > 1 else ''} in this shift")
        for row in rows.order_by("-times", "name")[:NOISIEST]
    ]


OPEN = Section("Open incidents and their next step", "siren", open_incidents, order=10)
FIRING = Section("Acknowledged but still firing", "bell-ring", still_firing, order=20)
SILENCES = Section("Silences that end within 24 hours", "bell-off", ending_silences, order=30)
NOISE = Section("Five noisiest alerts", "activity", noisiest, order=40)
