"""Pages of runbooks whose queries are counted."""

from __future__ import annotations

from django.urls import reverse

from oncall.models import Team
from portal import clock
from runbooks import editing
from runbooks.models import DiagnosticRun, Runbook, RunbookSource, Schedule, Target
from tests.query_counting import Counted


def library(reader, number):
    team, _ = Team.objects.get_or_create(slug="counted", defaults={"name": "Counted"})
    for _ in range(number):
        name = f"Runbook {Runbook.objects.count()}"
        editing.save(Runbook(title=name, body=f"# {name}\n\nText.", team=team), by=reader, at=clock.now(), aliases=[name])


def diagnosed(reader, number):
    """Runs and schedules of one target, each run about nothing."""
    now = clock.now()
    target, _ = Target.objects.get_or_create(slug="counted", defaults={"kind": "redis", "host": "127.0.0.1"})
    for _ in range(number):
        schedule = Schedule.objects.create(diagnostic="stale-jobs", target=target, parameters={"age": 300}, created_at=now)
        DiagnosticRun.objects.create(
            diagnostic="stale-jobs", target=target, asked_by=reader, schedule=schedule, state="done", severity="ok", queued_at=now, finished_at=now
        )


def imported(reader, number):
    team, _ = Team.objects.get_or_create(slug="counted", defaults={"name": "Counted"})
    for _ in range(number):
        RunbookSource.objects.create(slug=f"s{RunbookSource.objects.count()}", kind="upload", team=team)


PAGES = [
    Counted("runbook-import", lambda reader: reverse("runbook-import"), imported),
    Counted("runbook-list", lambda reader: "/runbooks/", library),
    Counted("diagnostic-list", lambda reader: "/diagnostics/", diagnosed),
    Counted("diagnostic-detail", lambda reader: "/diagnostics/stale-jobs/", diagnosed),
    Counted("schedule-list", lambda reader: "/diagnostics/schedules/", diagnosed),
]
