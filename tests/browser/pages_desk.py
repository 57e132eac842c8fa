"""The history of a long text, as a page."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse

from incidents.models import Incident
from oncall.models import Service, Team
from portal import clock
from postmortems import writing
from tests.browser.pages import Page

BEFORE = "The sentinel promoted a replica that was behind.\n\nContributing factors:\n\n- the lag alert waits 10 min"
AFTER = BEFORE.replace("behind", "40 s behind").replace("- the lag", "- min-replicas-to-write was not set\n- the lag")


def history(reader) -> str:
    now = clock.now()
    service = Service.objects.create(name="redis", slug="redis-desk", team=Team.objects.create(name="Data crew", slug="data-crew"))
    incident = Incident.objects.create(
        title="Redis failover lost 214 sessions", severity=2, service=service, opened_at=now - timedelta(hours=2), status="resolved", resolved_at=now
    )
    section = writing.start(incident.pk, by=reader, at=now).sections.get(kind="root_cause")
    writing.save_section(section.pk, BEFORE, seen=1, at=now)
    writing.save_section(section.pk, AFTER, seen=2, at=now)
    return reverse("desk-history", args=["postmortem-section", section.pk])


PAGES = [Page("desk-history", history)]
