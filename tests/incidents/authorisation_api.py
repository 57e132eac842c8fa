"""Who may do what with alerts, sources and the ledger over HTTP."""

from __future__ import annotations

from incidents.models import Episode, SeverityRule
from tests.authorisation import ADMIN as ONLY_ADMIN
from tests.authorisation import READ, Row


def build(world):
    world.episode = Episode.objects.create(
        alert=world.alert, number=1, started_at=world.now, last_starts_at=world.now, first_seen_at=world.now, last_seen_at=world.now
    )
    world.rule = SeverityRule.objects.create(label="matrix", severity=3)


def alert(world):
    return {"pk": world.alert.pk}


def source(world):
    return {"pk": world.alert.source_id}


def rule(world):
    return {"pk": world.rule.pk}


def new_rule(world):
    return {"label": "another", "severity": 2}


ROWS = [
    Row("api:alert-list", "GET", READ),
    Row("api:alert-detail", "GET", READ, alert),
    Row("api:delivery-list", "GET", ONLY_ADMIN),
    Row("api:delivery-detail", "GET", ONLY_ADMIN, lambda world: {"pk": world.delivery.pk}),
    Row("api:delivery-retry", "POST", ONLY_ADMIN, lambda world: {"pk": world.delivery.pk}),
    Row("api:source-list", "GET", ONLY_ADMIN),
    Row("api:source-list", "POST", ONLY_ADMIN, data=lambda world: {"name": "another"}),
    *(Row("api:source-detail", method, ONLY_ADMIN, source, lambda world: {"name": "renamed"}) for method in ("GET", "PUT", "PATCH")),
    Row("api:source-tokens", "POST", ONLY_ADMIN, source),
    Row("api:severity-rule-list", "GET", ONLY_ADMIN),
    Row("api:severity-rule-list", "POST", ONLY_ADMIN, data=new_rule),
    *(Row("api:severity-rule-detail", method, ONLY_ADMIN, rule, new_rule) for method in ("GET", "PUT", "PATCH", "DELETE")),
]
