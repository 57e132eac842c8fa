"""Who may do what with runbooks."""

from __future__ import annotations

from runbooks import editing, exporting, offline
from runbooks.models import Runbook, RunbookSource, SourceFile, Suggestion
from tests.authorisation import EDIT, READ, RESPOND, Row

PAGE = READ - {"read_token", "write_token"}


def build(world):
    world.runbook = editing.save(
        Runbook(title="Matrix runbook", slug="matrix-runbook", team=world.team, body="## Symptoms\n\nIt hurts."),
        by=None,
        at=world.now,
        services=[world.service],
        aliases=["MatrixAlert"],
    )
    source = RunbookSource.objects.create(slug="matrix", kind="upload", team=world.team)
    SourceFile.objects.create(source=source, path="a b.png", content=b"\x89PNG\r\n\x1a\n", sha256="0")
    SourceFile.objects.create(source=source, path="a.md", content=b"a", sha256="0", encoding="utf-8", runbook=world.runbook, theirs=b"b")
    world.suggestion = Suggestion.objects.create(runbook=world.runbook, base_version=1, base="a", body="b", by=world.people["viewer"], at=world.now)
    exporting.site(offline.folder(), world.now)


def slug(world):
    return {"slug": world.runbook.slug}


ROWS = [
    Row("runbook-list", "GET", PAGE),
    Row("runbook-detail", "GET", PAGE, slug),
    Row("runbook-file", "GET", PAGE, lambda world: {"source": "matrix", "path": "a b.png"}),
    Row("runbook-import", "GET", EDIT | {"other_team"}),
    Row("runbook-import", "POST", EDIT | {"other_team"}),
    Row("runbook-rules", "GET", PAGE),
    Row("runbook-rules", "POST", PAGE, data=lambda world: {"rules": "groups: []"}),
    Row("runbook-conflict", "GET", EDIT, slug),
    Row("runbook-conflict", "POST", EDIT, slug),
    Row("runbook-review", "POST", EDIT, slug, data=lambda world: {"all": "1"}),
    Row("runbook-new", "GET", EDIT | {"other_team"}),
    Row("runbook-new", "POST", EDIT | {"other_team"}),
    Row("runbook-edit", "GET", PAGE - {"viewer"}, slug),
    Row("runbook-edit", "POST", EDIT, slug),
    *(Row("runbook-suggest", method, PAGE - {"viewer"}, slug) for method in ("GET", "POST")),
    Row("runbook-suggestion", "GET", PAGE, lambda world: {"pk": world.suggestion.pk}),
    Row("runbook-suggestion", "POST", EDIT, lambda world: {"pk": world.suggestion.pk}),
    Row("offline", "GET", PAGE),
    Row("offline-page", "GET", PAGE, lambda world: {"name": "index.html"}),
    Row("runbook-short", "GET", PAGE, lambda world: {"alertname": "MatrixAlert"}),
    Row("api:runbook-list", "GET", READ),
    Row("api:runbook-list", "POST", EDIT, data=lambda world: {"title": "Another", "team": world.team.slug, "body": "Text"}),
    Row("api:runbook-detail", "GET", READ, slug),
    *(Row("api:runbook-detail", m, EDIT, slug) for m in ("PUT", "PATCH")),
]
ADMIN = {"runbooks.runbook": (RESPOND - {"write_token"}, EDIT | {"other_team"})}
