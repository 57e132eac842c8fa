"""All that the public may know, as frozen data: what these classes do not hold, the page cannot tell.

No severity, no host, no person, no internal text. Triage, cancelled, merged, drills and restricted incidents never get here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db.models import Prefetch, Q

from incidents.models import Component, Incident, Maintenance, Update
from incidents.models.incident import Status
from incidents.templating import PUBLIC_WORDS

DAYS = 90
OPEN = (Status.INVESTIGATING, Status.IDENTIFIED, Status.MITIGATED)
OVER = (Status.RESOLVED, Status.CLOSED)


@dataclass(frozen=True, slots=True)
class PublicUpdate:
    """One approved public text. word: Investigating, Identified, Monitoring or Resolved."""

    id: str
    word: str
    text: str
    at: datetime
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class PublicIncident:
    """headline: the first line of its newest public text. updates: newest first."""

    id: str
    headline: str
    word: str
    began_at: datetime
    resolved_at: datetime | None
    components: tuple[str, ...]
    updates: tuple[PublicUpdate, ...]

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None

    @property
    def next_at(self) -> datetime | None:
        return self.updates[0].next_at if self.updates and self.is_open else None


@dataclass(frozen=True, slots=True)
class PublicComponent:
    """state: working, disturbed or maintenance. days: minutes disturbed on each of the last 90 days (UTC), oldest first."""

    name: str
    description: str
    state: str
    days: tuple[int, ...]

    @property
    def working_percent(self) -> float:
        return round(100 - 100 * sum(self.days) / (len(self.days) * 24 * 60), 2) if self.days else 100.0


@dataclass(frozen=True, slots=True)
class PublicMaintenance:
    id: str
    title: str
    text: str
    starts_at: datetime
    ends_at: datetime
    components: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole page at a moment."""

    made_at: datetime
    components: tuple[PublicComponent, ...]
    current: tuple[PublicIncident, ...]
    past: tuple[PublicIncident, ...]
    maintenance: tuple[PublicMaintenance, ...]


def take(now: datetime) -> Snapshot:
    """What is public at `now`. 6 queries."""
    since = now - timedelta(days=DAYS)
    incidents = [found for incident in _incidents(since) if (found := _incident(incident))]
    components = list(Component.objects.prefetch_related("services"))
    planned = list(Maintenance.objects.filter(is_cancelled=False, ends_at__gt=now).order_by("starts_at").prefetch_related("components")[:20])
    under_work = {c.pk for m in planned if m.starts_at <= now for c in m.components.all()}
    return Snapshot(
        made_at=now,
        components=tuple(_component(component, incidents, component.pk in under_work, now) for component in components),
        current=tuple(found for found in incidents if found.is_open),
        past=tuple(found for found in incidents if not found.is_open),
        maintenance=tuple(
            PublicMaintenance(str(m.pk), m.title, m.text, m.starts_at, m.ends_at, tuple(c.name for c in m.components.all())) for m in planned
        ),
    )


def _incidents(since: datetime) -> list[Incident]:
    said = Update.objects.filter(on_status_page=True).exclude(approved_at=None).exclude(public="").order_by("-number")
    found = Incident.objects.filter(is_restricted=False, kind=Incident.Kind.INCIDENT)
    found = found.filter(Q(status__in=OPEN) | Q(status__in=OVER, resolved_at__gte=since)).filter(updates__in=said).distinct().order_by("-pk")
    shown = Prefetch("updates", queryset=said, to_attr="said")
    return list(found.prefetch_related(shown, "service__components", "milestones"))


def _incident(incident: Incident) -> PublicIncident | None:
    said: list[Update] = getattr(incident, "said", [])  # prefetched above
    if not said:
        return None
    updates = tuple(
        PublicUpdate(f"{incident.pk}.{u.number}", PUBLIC_WORDS[Status(u.status)], u.public, u.approved_at or u.posted_at, u.promised_next_at)
        for u in said
        if u.status in PUBLIC_WORDS
    )
    if not updates:
        return None
    moments = {m.name: m.at for m in incident.milestones.all()}
    components = tuple(c.name for c in incident.service.components.all()) if incident.service else ()
    return PublicIncident(
        id=str(incident.pk),
        headline=updates[0].text.splitlines()[0][:160],
        word=PUBLIC_WORDS[Status(incident.status)],
        began_at=moments.get("impact_started", incident.opened_at),
        resolved_at=incident.resolved_at,
        components=components,
        updates=updates,
    )


def _component(component: Component, incidents: list[PublicIncident], under_work: bool, now: datetime) -> PublicComponent:
    mine = [incident for incident in incidents if component.name in incident.components]
    disturbed = any(incident.is_open for incident in mine)
    state = "disturbed" if disturbed else "maintenance" if under_work else "working"
    return PublicComponent(component.name, component.description, state, _days(mine, now))


def _days(incidents: list[PublicIncident], now: datetime) -> tuple[int, ...]:
    """Minutes of each UTC day in which one of them lasted; overlapping ones count once."""
    spans = sorted((i.began_at, i.resolved_at or now) for i in incidents)
    joined: list[tuple[datetime, datetime]] = []
    for began, ended in spans:
        if joined and began <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], ended))
        else:
            joined.append((began, ended))
    today = now.astimezone(UTC).date()
    return tuple(_minutes(joined, today - timedelta(days=back)) for back in range(DAYS - 1, -1, -1))


def _minutes(spans: list[tuple[datetime, datetime]], day: date) -> int:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    end = start + timedelta(days=1)
    return sum(round((min(ended, end) - max(began, start)).total_seconds() / 60) for began, ended in spans if began < end and ended > start)
