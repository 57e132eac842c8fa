"""Who may do what with diagnostics."""

from __future__ import annotations

from runbooks.models import DiagnosticRun, Target
from tests.authorisation import READ, RESPOND, Row

PAGE_READ = READ - {"read_token", "write_token"}
STAFF = frozenset({"responder", "editor", "lead", "admin", "other_team"})
NOBODY: frozenset[str] = frozenset()
ONLY_ADMIN = frozenset({"admin"})


def build(world):
    world.target = Target.objects.create(slug="matrix", kind="redis", host="127.0.0.1")
    world.run = DiagnosticRun.objects.create(diagnostic="stale-jobs", target=world.target, queued_at=world.now)


def slug(world):
    return {"slug": "stale-jobs"}


ROWS = [
    Row("diagnostic-list", "GET", PAGE_READ),
    Row("diagnostic-detail", "GET", PAGE_READ, slug),
    Row("diagnostic-run", "POST", STAFF, slug, lambda world: {"target": "matrix"}),
    Row("diagnostic-run-detail", "GET", PAGE_READ, lambda world: {"pk": world.run.pk}),
    Row("api:diagnostic-list", "GET", READ),
    Row("api:diagnostic-runs", "POST", RESPOND, slug, lambda world: {"target": "matrix"}),
    Row("api:run-list", "GET", READ),
    Row("api:run-detail", "GET", READ, lambda world: {"pk": world.run.pk}),
]
ADMIN = {"runbooks.target": (ONLY_ADMIN, ONLY_ADMIN), "runbooks.diagnosticrun": (STAFF, NOBODY)}
