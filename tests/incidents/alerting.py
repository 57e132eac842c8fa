"""Send captured and crafted requests, and look at what became of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO

from django.test import Client

from incidents.alerts import alertmanager, ingest, ledger
from incidents.models import Alert, Delivery, Episode, Incident, Source
from tests.incidents.conftest import moment_of


@dataclass
class Sender:
    """An Alertmanager with a token of `source`."""

    source: Source
    token: str
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def post(self, raw: bytes, *, content_type: str = "application/json", path: str = "", **headers: str):
        """Through the hook, as it is now."""
        headers = {"Authorization": f"Bearer {self.token}", "User-Agent": "Alertmanager/0.27.0"} | headers
        url = path or f"/hooks/alertmanager/{self.source.name}/"
        return self.client.post(url, raw, content_type=content_type, headers=headers)

    def store(self, raw: bytes, at: datetime) -> Delivery:
        """Into the ledger, not worked off."""
        return ledger.store(self.source, ledger.take(BytesIO(raw), gzipped=False), headers={}, peer="", at=at)

    def deliver(self, raw: bytes | dict, at: datetime) -> Delivery:
        """Stored and worked off at `at`."""
        delivery = self.store(raw if isinstance(raw, bytes) else json.dumps(raw).encode(), at)
        work_off(delivery)
        return delivery

    def replay(self, *captures: dict) -> None:
        """Captured requests at the times at which they were captured."""
        for capture in captures:
            self.deliver(capture["body_raw"].encode(), moment_of(capture))


def work_off(delivery: Delivery) -> None:
    ingest.apply(delivery, ingest.parsed(delivery), now=delivery.received_at)


def crafted(*alerts: dict, **more) -> dict:
    """A body that imitates Alertmanager's, around crafted alerts."""
    return {"version": "4", "status": "firing", "receiver": "standby", "externalURL": "http://am:9093", "alerts": list(alerts)} | more


def alert(name: str = "QueueDepthGrowing", *, at: datetime, ended: datetime | None = None, severity: str | None = "critical", **labels: str) -> dict:
    """One alert firing since `at`, or ended."""
    named = {"alertname": name, "service": "runner"} | ({"severity": severity} if severity is not None else {}) | labels
    return {
        "status": "resolved" if ended else "firing",
        "labels": named,
        "annotations": {"summary": f"{name} is bad", "description": "Jobs wait."},
        "startsAt": at.isoformat(),
        "endsAt": ended.isoformat() if ended else "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus/graph",
        "fingerprint": alertmanager.fingerprint(named.items()),
    }


def story() -> dict[str, list[tuple]]:
    """Per alert its episodes: start, end and how."""
    told: dict[str, list[tuple]] = {found.fingerprint: [] for found in Alert.objects.all()}
    for row in Episode.objects.select_related("alert").order_by("alert", "number"):
        told[row.alert.fingerprint].append((row.started_at, row.ended_at, row.ended_how, row.reopenings, row.was_firing))
    return told


def incidents() -> dict[str, tuple]:
    """Per key: severity, status and quiet since, with how many take its alerts."""
    found = Incident.objects.order_by("correlation_key", "pk").values_list("correlation_key", "severity", "status", "quiet_since")
    return {key: (severity, status, quiet) for key, severity, status, quiet in found} | {"count": (len(found),)}


MINUTE = timedelta(minutes=1)
