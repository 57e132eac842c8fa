"""Pages of postmortems and action items whose queries are counted."""

from __future__ import annotations

from incidents.models import Incident
from oncall.models import Service, Team
from portal import clock
from postmortems import writing
from postmortems.models import ActionItem, Postmortem, Section
from tests.query_counting import Counted


def learned(reader, number):
    now = clock.now()
    team, _ = Team.objects.get_or_create(slug="counted", defaults={"name": "Counted"})
    for _ in range(number):
        incident = Incident.objects.create(title="Slow", severity=2, opened_at=now, status="resolved", resolved_at=now)
        postmortem = writing.start(incident.pk, by=reader, at=now)
        ActionItem.objects.create(postmortem=postmortem, title="Improve", owner=reader, team=team, due_on=now.date(), created_at=now)


def revisions(reader, number):
    """Of the first section of a postmortem, which is made once."""
    if not Postmortem.objects.exists():
        learned(reader, 1)
    section = Section.objects.earliest("pk")
    for _ in range(number):
        section.refresh_from_db()
        writing.save_section(section.pk, f"text {section.version}", seen=section.version, at=clock.now())


def five(reader):
    team = Team.objects.get(slug="counted")
    service, _ = Service.objects.get_or_create(slug="counted", defaults={"name": "Counted", "team": team})
    Incident.objects.update(service=service)
    Postmortem.objects.update(status="published", published_at=clock.now())
    return service.slug


PAGES = [
    Counted("desk-history", lambda reader: f"/desk/postmortem-section/{Section.objects.earliest('pk').pk}/history/", revisions),
    Counted("postmortem-list", lambda reader: "/postmortems/", learned),
    Counted("postmortem-five", lambda reader: f"/postmortems/five/{five(reader)}/", learned),
    Counted("action-feed", lambda reader: "/actions/feed/", learned),
    Counted("analytics", lambda reader: "/analytics/", learned),
    Counted("action-list", lambda reader: "/actions/", learned),
]
