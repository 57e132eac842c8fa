"""Pages of diagnostics, each with something to look at: a run beside a healthy one, a guarded preview, a schedule with its line."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse

from incidents import lifecycle, pulling
from incidents.models import Incident, MitigationOption
from oncall.models import Service, Team
from portal import clock
from runbooks import changes
from runbooks.diagnostics import guard
from runbooks.models import ChangeRight, DiagnosticRun, Preview, Schedule, Target
from tests.browser.pages import Page
from tests.browser.pages_runbooks import followed
from tests.conftest import person

STALE = "Found 3 stale jobs:\n  - abc-123: 450s old\n  - def-456: 380s old\n  - ghi-789: 320s old"


def looked_at(reader) -> Target:
    """A target of a tier 1 service with a healthy and a sick run."""
    team, _ = Team.objects.get_or_create(slug="looks", defaults={"name": "Looks"})
    service, _ = Service.objects.get_or_create(slug="agent-worker-1", defaults={"name": "agent-worker-1", "team": team, "tier": 1})
    target, _ = Target.objects.get_or_create(slug="jobs-production", defaults={"kind": "redis", "host": "127.0.0.1", "service": service})
    for severity, finding, output in (
        ("ok", "0 stale jobs of 12 in processing", "Found 0 stale jobs"),
        ("bad", "3 stale jobs of 41 in processing", STALE),
    ):
        ran(reader, target, severity=severity, finding=finding, output=output)
    return target


def ran(reader, target, *, slug="stale-jobs", severity="bad", finding="3 stale jobs of 41 in processing", output=STALE, **more) -> DiagnosticRun:
    now = clock.now()
    result = {
        "columns": ["job", "age, seconds"],
        "rows": [["abc-123", 450], ["def-456", 380]],
        "numbers": {},
        "blocks": [],
        "next_step": "See who holds them.",
    }
    times = {"queued_at": now, "started_at": now, "finished_at": now + timedelta(seconds=1)}
    return DiagnosticRun.objects.create(
        **{"diagnostic": slug, "target": target, "parameters": {"age": 300}, "asked_by": reader, "state": "done", "severity": severity},
        **{"finding": finding, "output": output, "result": result, **times, **more},
    )


def sick_run(reader) -> str:
    return ran(reader, looked_at(reader)).get_absolute_url()


def preview(reader) -> str:
    """Mine, of a tier 1 service: nobody agreed yet."""
    target = looked_at(reader)
    ChangeRight.objects.get_or_create(user=reader, defaults={"given_at": clock.now()})
    run = ran(reader, target, slug="kill-stale", severity="warn", finding="Would kill 3 stale jobs", output=STALE.replace("Found", "Would kill"))
    items = [{"id": "abc-123", "score": 1.0, "state": "running", "heartbeat_at": ""}] * 3
    Preview.objects.create(run=run, items=items, requester=guard.requester_of(reader), expires_at=clock.now() + timedelta(minutes=2))
    return run.get_absolute_url()


def scheduled(reader) -> Schedule:
    target = looked_at(reader)
    schedule = Schedule.objects.create(diagnostic="queue-depth", target=target, parameters={"limit": 500}, created_by=reader, created_at=clock.now())
    for depth in (120, 130, 90, 240, 480, 510, 730):
        severity = "bad" if depth > 500 else "ok"
        ran(reader, target, slug="queue-depth", severity=severity, finding=f"{depth} jobs wait", output=str(depth), schedule=schedule, figure=depth)
    return schedule


def looking_like(reader) -> str:
    """An incident whose results name a pattern, after a release, with a runbook that is followed and a lever that waits for this reader."""
    followed(reader)
    incident, now = Incident.objects.get(), clock.now()
    lifecycle.acknowledge(incident.pk, by=reader, at=now)
    for minutes, title, version in ((14, "agent-worker", "1.5.2"), (190, "agent-worker", "1.5.1")):
        key, at = f"build-{minutes}", now - timedelta(minutes=minutes)
        changes.record(
            title=title, version=version, key=key, service="worker", author="Noor", url="https://ci.example.org/77", at=at, by=None, now=now
        )
    top = [{"type": "OperationalError", "count": 412, "percentage": 64.2}, {"type": "APITimeoutError", "count": 230, "percentage": 35.8}]
    result = {"columns": ["type", "count"], "rows": [["OperationalError", 412]], "document": {"total_errors": 642, "top_errors": top}}
    target = looked_at(reader)
    ran(reader, target, slug="errors", about=incident.subject, finding="642 errors, OperationalError 64.2 %", output="", result=result)
    ran(reader, target, slug="db-connections", about=incident.subject, finding="97 of 100 connections are taken", output="")
    ChangeRight.objects.create(user=reader, given_at=now)
    Service.objects.filter(pk=incident.service_id).update(tier=1)
    lever = MitigationOption.objects.create(name="Roll back", command="rollback {service}", webhook_url="https://ci.example.org/rollback")
    MitigationOption.objects.create(
        name="Kill what hangs", command="manage.py diagnose kill-stale", about="Slots are held by stale jobs", diagnostic="kill-stale", target=target
    )
    noor = person("Noor")
    token = pulling.preview(incident, lever, by=noor)
    pulling.confirm(token, by=noor, at=now, reason="The release of 14:02 broke the answers")
    return reverse("incident-detail", args=[incident.pk])


def with_things(make, name, *args):
    return lambda reader: (make(reader), reverse(name, args=args))[1]


PAGES = [
    Page("incident-looking-like", looking_like),
    Page("diagnostics-all", with_things(scheduled, "diagnostic-list")),
    Page("diagnostic-changing", with_things(preview, "diagnostic-detail", "kill-stale")),
    Page("diagnostic-words", with_things(looked_at, "diagnostic-detail", "analyze-conv")),
    Page("diagnostic-sick-run", sick_run),
    Page("diagnostic-preview", preview),
    Page("schedule-list", with_things(scheduled, "schedule-list")),
    Page("schedule-detail", lambda reader: reverse("schedule-detail", args=[scheduled(reader).pk])),
]
