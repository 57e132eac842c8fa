"""What Prometheus may know of incidents and of the alerts that were received."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Count
from prometheus_client import Metric

from incidents.models import Incident
from incidents.models.alert import Delivery, Episode, Source
from portal.metrics import gauge


def incidents(now: datetime) -> Iterator[Metric]:
    """Drills are counted apart, restricted ones not at all. 1 query."""
    rows = Incident.objects.open().filter(is_restricted=False).order_by().values_list("kind", "severity", "status").annotate(Count("pk"))
    found = {(kind, f"SEV{severity}", status): float(n) for kind, severity, status, n in rows}
    yield gauge("open_incidents", "Open incidents by kind, severity and status.", found, ["kind", "severity", "status"])


def alerts(now: datetime) -> Iterator[Metric]:
    """3 queries."""
    states = {(state,): 0.0 for state in Delivery.State.values}
    states |= {(state,): float(n) for state, n in Delivery.objects.order_by().values_list("state").annotate(Count("pk"))}
    yield gauge("deliveries", "Requests of sources that are kept, by state.", states, ["state"])
    yield gauge("firing_alerts", "Alerts with an open episode.", {(): float(Episode.objects.filter(ended_at=None).count())})
    sources: list[Any] = list(Source.objects.filter(is_enabled=True).with_last_delivery())
    heard = {(source.name,): (now - source.last_delivery_at).total_seconds() for source in sources if source.last_delivery_at}
    yield gauge("source_silent_seconds", "Seconds since a source sent its last request.", heard, ["source"])
    beats = {(source.name,): (now - source.last_heartbeat_at).total_seconds() for source in sources if source.last_heartbeat_at}
    yield gauge("source_watchdog_age_seconds", "Seconds since a source's Watchdog was seen firing.", beats, ["source"])
