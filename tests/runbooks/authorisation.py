"""Who may do what with runbooks."""

from __future__ import annotations

from runbooks import editing
from runbooks.models import Runbook
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


def slug(world):
    return {"slug": world.runbook.slug}


ROWS = [
    Row("runbook-list", "GET", PAGE),
    Row("runbook-detail", "GET", PAGE, slug),
    Row("runbook-short", "GET", PAGE, lambda world: {"alertname": "MatrixAlert"}),
    Row("api:runbook-list", "GET", READ),
    Row("api:runbook-list", "POST", EDIT, data=lambda world: {"title": "Another", "team": world.team.slug, "body": "Text"}),
    Row("api:runbook-detail", "GET", READ, slug),
    *(Row("api:runbook-detail", m, EDIT, slug) for m in ("PUT", "PATCH")),
]
ADMIN = {"runbooks.runbook": (RESPOND - {"write_token"}, EDIT | {"other_team"})}
