"""Pages of incidents whose queries are counted."""

from __future__ import annotations

import zlib

from incidents.models import Alert, AlertRule, Delivery, Episode, Incident, Observation, Source
from oncall.models import Service, Team
from portal import clock
from tests.query_counting import Counted


def open_ones(reader, number):
    team, _ = Team.objects.get_or_create(slug="counted", defaults={"name": "Counted"})
    for _ in range(number):
        count = Service.objects.count()
        service = Service.objects.create(name=f"s{count}", slug=f"s{count}", team=team)
        Incident.objects.create(title="Slow", severity=2, service=service, opened_at=clock.now())


def alerts(reader, number):
    source, _ = Source.objects.get_or_create(name="counted", defaults={"created_at": clock.now()})
    for _ in range(number):
        count, now = Alert.objects.count(), clock.now()
        seen = {"first_seen_at": now, "last_seen_at": now}
        alert = Alert.objects.create(source=source, fingerprint=f"{count:016x}", name="Slow", labels={"alertname": "Slow"}, severity=2, **seen)
        Episode.objects.create(alert=alert, number=1, started_at=now, last_starts_at=now, was_of_use="noise", **seen)
        AlertRule.objects.create(name=f"Rule {count}")
        delivery = Delivery.objects.create(source=source, body=zlib.compress(b"{}"), length=2, sha256="0" * 64, received_at=now, state="failed")
        Observation.objects.create(
            delivery=delivery, position=count, alert=Alert.objects.order_by("pk")[0], received_at=now, is_firing=True, starts_at=now, made="seen"
        )


def oldest(reader) -> str:
    return f"/alerts/{Alert.objects.order_by('pk')[0].pk}/"


PAGES = [
    Counted("alert-list", lambda reader: "/alerts/", alerts),
    Counted("alert-inbox", lambda reader: "/alerts/?show=inbox", alerts),
    Counted("alert-problems", lambda reader: "/alerts/?show=problems", alerts),
    Counted("alert-detail", oldest, alerts),
    Counted("alert-rules", lambda reader: "/alerts/rules/", alerts),
    Counted("alert-value", lambda reader: "/alerts/value/", alerts),
    Counted("delivery-list", lambda reader: "/alerts/deliveries/", alerts),
    Counted("incident-list", lambda reader: "/incidents/", open_ones),
    Counted("home-with-incidents", lambda reader: "/", open_ones),
]
