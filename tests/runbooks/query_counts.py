"""Pages of runbooks whose queries are counted."""

from __future__ import annotations

from django.urls import reverse

from oncall.models import Team
from portal import clock
from runbooks import editing, suggesting
from runbooks.models import DiagnosticRun, Runbook, RunbookSource, Schedule, Suggestion, Target
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


def suggested(reader, number):
    """Suggested edits of one runbook."""
    if not Runbook.objects.exists():
        library(reader, 1)
    runbook = Runbook.objects.get()
    for _ in range(number):
        Suggestion.objects.create(runbook=runbook, base_version=1, base=runbook.body, body="Other", by=reader, at=clock.now())


def of_first(name):
    return lambda reader: reverse(name, args=[Runbook.objects.earliest("pk").slug])


PAGES = [
    Counted("runbook-new", lambda reader: "/runbooks/new/", library),
    Counted("runbook-edit", of_first("runbook-edit"), suggested),
    Counted("runbook-suggest", of_first("runbook-suggest"), suggested),
    Counted("runbook-suggestion", lambda reader: suggesting.url(Suggestion.objects.earliest("pk")), suggested),
    Counted("runbook-import", lambda reader: reverse("runbook-import"), imported),
    Counted("runbook-list", lambda reader: "/runbooks/", library),
    Counted("diagnostic-list", lambda reader: "/diagnostics/", diagnosed),
    Counted("diagnostic-detail", lambda reader: "/diagnostics/stale-jobs/", diagnosed),
    Counted("schedule-list", lambda reader: "/diagnostics/schedules/", diagnosed),
]
