"""Pages of one incident, one alert and one request, whose queries are counted."""

from __future__ import annotations

import zlib

from django.urls import reverse

from incidents import timeline
from incidents.alerts import hops
from incidents.models import Alert, Delivery, Episode, Incident, Source
from incidents.models.alert import Observation
from oncall.models import Service, Team
from portal import clock
from tests.conftest import person
from tests.query_counting import Counted


def source() -> Source:
    return Source.objects.get_or_create(name="counted", defaults={"created_at": clock.now()})[0]


def told(reader, number):
    """One incident with notes by many people and many firing alerts."""
    now = clock.now()
    incident = Incident.objects.first() or Incident.objects.create(title="Slow", severity=2, opened_at=now)
    for count in range(number):
        timeline.append(incident, kind="note", at=now, by=person(f"N{number}x{count}"), text="Seen")
    fired(reader, number, incident)


def fired(reader, number, incident=None):
    now = clock.now()
    for _ in range(number):
        count = Alert.objects.count()
        seen = {"first_seen_at": now, "last_seen_at": now}
        alert = Alert.objects.create(source=source(), fingerprint=f"{count:016x}", name="Counted", labels={}, severity=2, **seen)
        Episode.objects.create(alert=alert, number=1, incident=incident, started_at=now, last_starts_at=now, **seen)


def flapped(reader, number):
    """One alert with many episodes and many deliveries that told of it."""
    now = clock.now()
    if not Alert.objects.exists():
        fired(reader, 1)
    alert = Alert.objects.first()
    for _ in range(number):
        count = Delivery.objects.count()
        common = {"started_at": now, "last_starts_at": now, "first_seen_at": now, "last_seen_at": now, "ended_at": now, "ended_how": "resolved"}
        Episode.objects.create(alert=alert, number=count + 2, **common)
        delivery = Delivery.objects.create(source=source(), body=zlib.compress(b"{}"), length=2, sha256=f"{count:064x}", received_at=now)
        Observation.objects.create(delivery=delivery, position=0, alert=alert, received_at=now, is_firing=True, starts_at=now, made="opened")


def served(reader, number):
    team, _ = Team.objects.get_or_create(slug="counted", defaults={"name": "Counted"})
    for _ in range(number):
        count = Service.objects.count()
        Service.objects.create(name=f"s{count}", slug=f"s{count}", team=team)


def sources(reader, number):
    for _ in range(number):
        now, count = clock.now(), Source.objects.count()
        source = Source.objects.create(name=f"s{count}", created_at=now)
        seen = {"first_seen_at": now, "last_seen_at": now}
        Alert.objects.create(source=source, fingerprint=f"{count:016x}", name=hops.NAME, labels={}, severity=4, **seen)


PAGES = [
    Counted("incident-entries", lambda reader: f"/incidents/{Incident.objects.first().pk}/entries/?before=999999999", told),
    Counted("source-list", lambda reader: reverse("source-list"), sources),
    Counted("incident-detail", lambda reader: f"/incidents/{Incident.objects.first().pk}/", told),
    Counted("incident-new", lambda reader: "/incidents/new/", served),
    Counted("alert-list", lambda reader: "/alerts/", fired),
    Counted("alert-detail", lambda reader: f"/alerts/{Alert.objects.last().pk}/", flapped),
    Counted("delivery-detail", lambda reader: f"/alerts/deliveries/{Delivery.objects.last().pk}/", flapped),
]
