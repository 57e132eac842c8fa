"""What incidents put into a hand-off: what is open and what is next, what still fires, what made the most noise."""

from __future__ import annotations

from django.db.models import Count, Q
from django.urls import reverse

from incidents import lifecycle
from incidents.models import Alert, Episode, Incident
from incidents.models.incident import Status
from oncall.handoffs import Line, Section, Subject

NOISIEST = 5


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
NOISE = Section("Five noisiest alerts", "activity", noisiest, order=40)
