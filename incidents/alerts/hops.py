"""A test alert: sent through Alertmanager like any other, marked, recorded only, with the time of each hop."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import OuterRef, Subquery

from incidents.alerts.alertmanager import moment
from incidents.alerts.rules import TEST_LABEL
from incidents.models import Alert, Observation, Source
from portal import outbound
from portal.errors import DomainError, Invalid
from portal.outbound import Unreachable

NAME = "StandbyTestAlert"
LASTS = timedelta(minutes=2)


class NotTaken(DomainError):
    """Alertmanager did not take the test alert."""

    code = "test_alert_not_taken"
    http_status = 502


@dataclass(frozen=True, slots=True)
class Hops:
    """Moments of one test alert; None for a hop that has not happened."""

    code: str
    posted_at: datetime | None
    received_at: datetime | None  # Alertmanager's POST was stored here
    applied_at: datetime | None

    def lines(self) -> list[str]:
        """A sentence a hop, with how long it took."""
        told = [f"posted to Alertmanager at {self.posted_at:%H:%M:%S} UTC" if self.posted_at else "posted to Alertmanager: time unknown"]
        told.append(_line("Alertmanager sent it here", self.posted_at, self.received_at))
        told.append(_line("worked off", self.received_at, self.applied_at))
        return told


def send(source: Source, *, now: datetime) -> str:
    """Post the alert to the source's first Alertmanager; the code to look for. Raises: Invalid, no address; NotTaken."""
    addresses = source.api_urls.split()
    if not addresses:
        raise Invalid(f"“{source.name}” has no Alertmanager address. Set it under Admin, Sources.")
    code = secrets.token_hex(4)
    alert = {
        "labels": {"alertname": NAME, "severity": "info", "service": "monitoring", TEST_LABEL: code},
        "annotations": {"summary": "A test of the way from Alertmanager to Standby. Nobody is told.", "posted_at": now.isoformat()},
        "startsAt": now.isoformat(),
        "endsAt": (now + LASTS).isoformat(),
    }
    try:
        answer = outbound.fetch("POST", f"{addresses[0].rstrip('/')}/api/v2/alerts", kind="named", json=[alert])
    except Unreachable as trouble:
        raise NotTaken(f"The test alert did not get out: {trouble}") from trouble
    if answer.status != 200:
        raise NotTaken(f"Alertmanager answered {answer.status} to the test alert.")
    return code


def of(source: Source, code: str = "") -> Hops | None:
    """The hops of that test alert, or of the newest one; None when none has arrived. 2 queries."""
    alerts = Alert.objects.filter(source=source, name=NAME)
    alert = alerts.filter(**{f"labels__{TEST_LABEL}": code}).first() if code else alerts.order_by("-first_seen_at").first()
    if alert is None:
        return None
    first = Observation.objects.filter(alert=alert).select_related("delivery").order_by("received_at", "pk").first()
    return _hops(alert, first)


def newest() -> dict[int, Hops]:
    """The newest test alert of each source, by the source's id. 3 queries."""
    mine = Alert.objects.filter(source=OuterRef("pk"), name=NAME).order_by("-first_seen_at").values("pk")[:1]
    alerts = Alert.objects.in_bulk(Source.objects.annotate(tested=Subquery(mine)).exclude(tested=None).values_list("tested", flat=True))
    seen = Observation.objects.filter(alert__in=alerts).select_related("delivery").order_by("-received_at", "-pk")
    first = {observation.alert_id: observation for observation in seen}  # the earliest is written last
    return {alert.source_id: _hops(alert, first.get(pk)) for pk, alert in alerts.items()}


def _hops(alert: Alert, first: Observation | None) -> Hops:
    return Hops(
        code=alert.labels.get(TEST_LABEL, ""),
        posted_at=moment(alert.annotations.get("posted_at", "")),
        received_at=first.received_at if first else None,
        applied_at=first.delivery.applied_at if first else None,
    )


def _line(what: str, before: datetime | None, at: datetime | None) -> str:
    if at is None:
        return f"{what}: not yet"
    took = f", {(at - before).total_seconds():.2f} s later" if before else ""
    return f"{what} at {at:%H:%M:%S} UTC{took}"
