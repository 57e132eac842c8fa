"""Who may do what with diagnostics. The right to change things is apart from every role: here the lead has it."""

from __future__ import annotations

from datetime import timedelta

from runbooks.diagnostics import guard
from runbooks.models import Change, ChangeRight, DiagnosticRun, Preview, Schedule, Target
from tests.authorisation import READ, RESPOND, Row

PAGE_READ = READ - {"read_token", "write_token"}
STAFF = frozenset({"responder", "editor", "lead", "admin", "other_team"})
NOBODY: frozenset[str] = frozenset()
ONLY_ADMIN = frozenset({"admin"})
WITH_RIGHT = frozenset({"lead"})


def build(world):
    now = world.now
    world.target = Target.objects.create(slug="matrix", kind="redis", host="127.0.0.1")
    world.run = DiagnosticRun.objects.create(diagnostic="stale-jobs", target=world.target, queued_at=now)
    world.schedule = Schedule.objects.create(diagnostic="stale-jobs", target=world.target, parameters={"age": 300}, created_at=now)
    world.change = Change.objects.create(title="Matrix 1.2", key="matrix-1", at=now, recorded_at=now)
    ChangeRight.objects.create(user=world.people["lead"], given_at=now)
    shown = {"state": "done", "severity": "warn", "finding": "Would kill 1 stale jobs", "queued_at": now, "finished_at": now}
    item = {"id": "abc-123", "score": 1.0, "state": "running", "heartbeat_at": ""}
    for name, requester in (("mine", world.people["lead"]), ("theirs", world.people["admin"])):
        run = DiagnosticRun.objects.create(diagnostic="kill-stale", target=world.target, asked_by=requester, parameters={"age": 300}, **shown)
        preview = Preview.objects.create(run=run, items=[item], requester=guard.requester_of(requester), expires_at=now + timedelta(minutes=2))
        setattr(world, name, preview)


def slug(world):
    return {"slug": "stale-jobs"}


def run(world):
    return {"pk": world.run.pk}


def schedule(world):
    return {"pk": world.schedule.pk}


def mine(world):
    return {"pk": world.mine.pk}


def theirs(world):
    return {"pk": world.theirs.pk}


def confirmation(world):
    return {"token": guard.token_of(world.mine), "reason": "Workers of the old release hold them"}


def change(world):
    return {"title": "Matrix 1.3", "key": "matrix-2"}


ROWS = [
    Row("diagnostic-list", "GET", PAGE_READ),
    Row("diagnostic-detail", "GET", PAGE_READ, slug),
    Row("diagnostic-run", "POST", STAFF, slug, lambda world: {"target": "matrix"}),
    Row("diagnostic-run-detail", "GET", PAGE_READ, run),
    Row("diagnostic-output", "GET", PAGE_READ, run),
    Row("diagnostic-run-again", "POST", STAFF, run),
    Row("diagnostic-run-cancel", "POST", STAFF, run),
    Row("preview-confirm", "POST", WITH_RIGHT, mine, confirmation),
    Row("preview-second", "POST", WITH_RIGHT, theirs),
    Row("schedule-list", "GET", PAGE_READ),
    Row("schedule-detail", "GET", PAGE_READ, schedule),
    Row("schedule-new", "POST", STAFF, slug, lambda world: {"target": "matrix", "every": "900"}),
    Row("schedule-switch", "POST", STAFF, schedule),
    Row("schedule-remove", "POST", STAFF, schedule),
    Row("api:diagnostic-list", "GET", READ),
    Row("api:diagnostic-detail", "GET", READ, slug),
    Row("api:diagnostic-runs", "POST", RESPOND, slug, lambda world: {"target": "matrix"}),
    Row("api:run-list", "GET", READ),
    Row("api:run-detail", "GET", READ, run),
    Row("api:run-difference", "GET", READ, run),
    Row("api:run-again", "POST", RESPOND, run),
    Row("api:run-cancel", "POST", RESPOND, run),
    Row("api:target-list", "GET", READ),
    Row("api:target-detail", "GET", READ, lambda world: {"slug": "matrix"}),
    Row("api:target-list", "POST", ONLY_ADMIN, data=lambda world: {"slug": "another", "kind": "http", "host": "another.example.org"}),
    *(Row("api:target-detail", method, ONLY_ADMIN, lambda world: {"slug": "matrix"}) for method in ("PUT", "PATCH", "DELETE")),
    Row("api:schedule-list", "GET", READ),
    Row("api:schedule-list", "POST", STAFF, data=lambda world: {"diagnostic": "stale-jobs", "target": "matrix"}),
    Row("api:schedule-detail", "GET", READ, schedule),
    Row("api:schedule-detail", "DELETE", STAFF, schedule),
    Row("api:change-list", "GET", READ),
    Row("api:change-list", "POST", RESPOND, data=change),
    Row("api:change-detail", "GET", READ, lambda world: {"pk": world.change.pk}),
    Row("api:preview-detail", "GET", READ, mine),
    Row("api:preview-confirm", "POST", WITH_RIGHT, mine, confirmation),
    Row("api:preview-second", "POST", WITH_RIGHT, theirs),
]
ADMIN = {
    "runbooks.target": (ONLY_ADMIN, ONLY_ADMIN),
    "runbooks.changeright": (ONLY_ADMIN, ONLY_ADMIN),
    "runbooks.change": (STAFF, NOBODY),
    "runbooks.diagnosticrun": (STAFF, NOBODY),
}
