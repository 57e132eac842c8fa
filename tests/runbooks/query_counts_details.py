"""Pages of one runbook, one run and one schedule, whose queries are counted."""

from __future__ import annotations

from oncall.models import Team
from portal import clock
from runbooks import editing
from runbooks.models import DiagnosticRun, Runbook, Schedule
from tests.query_counting import Counted
from tests.runbooks.query_counts import diagnosed


def long(reader, number):
    """One runbook with a section more for each row."""
    team, _ = Team.objects.get_or_create(slug="counted", defaults={"name": "Counted"})
    runbook = Runbook.objects.first() or Runbook(title="Long", team=team)
    sections = range(runbook.sections.count() + number if runbook.pk else number)
    runbook.body = "\n\n".join(f"## Section {count}\n\nText." for count in sections)
    editing.save(runbook, seen=runbook.version if runbook.pk else None, by=reader, at=clock.now(), aliases=["Long"])


PAGES = [
    Counted("runbook-detail", lambda reader: f"/runbooks/{Runbook.objects.first().slug}/", long),
    Counted("runbook-short", lambda reader: "/r/SomethingElse", long),
    Counted("diagnostic-run-detail", lambda reader: f"/diagnostics/runs/{DiagnosticRun.objects.last().pk}/", diagnosed),
    Counted("schedule-detail", lambda reader: f"/diagnostics/schedules/{Schedule.objects.last().pk}/", diagnosed),
]
