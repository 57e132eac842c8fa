"""Pages of incidents whose queries are counted."""

from __future__ import annotations

from incidents.models import Incident
from oncall.models import Service, Team
from portal import clock
from tests.query_counting import Counted


def open_ones(reader, number):
    team, _ = Team.objects.get_or_create(slug="counted", defaults={"name": "Counted"})
    for _ in range(number):
        count = Service.objects.count()
        service = Service.objects.create(name=f"s{count}", slug=f"s{count}", team=team)
        Incident.objects.create(title="Slow", severity=2, service=service, opened_at=clock.now())


PAGES = [
    Counted("incident-list", lambda reader: "/incidents/", open_ones),
    Counted("home-with-incidents", lambda reader: "/", open_ones),
]
