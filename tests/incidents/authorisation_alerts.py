"""Who may do what with alerts."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from incidents.models import Alert, AlertRule, Episode, MaintenanceWindow
from tests.authorisation import ADMIN as ADMIN_ONLY
from tests.authorisation import LEAD, READ, RESPOND, Row

NOBODY: frozenset[str] = frozenset()  # only the token of a source opens the hook; people and their tokens get 401

PAGE_READ = READ - {"read_token", "write_token"}
STAFF = frozenset({"responder", "editor", "lead", "admin", "other_team"})


def episode(world):
    """One that waits for an incident."""
    Alert.objects.filter(pk=world.alert.pk).update(severity=2)
    row, _ = Episode.objects.get_or_create(
        alert=world.alert,
        number=1,
        defaults={name: world.now for name in ("started_at", "last_starts_at", "first_seen_at", "last_seen_at")},
    )
    return {"pk": row.pk}


def taken(world):
    return {"episodes": [episode(world)["pk"]]}


def source(world):
    return {"pk": world.delivery.source_id}


def rule(world):
    return {"pk": AlertRule.objects.get_or_create(name="matrix", defaults={"matchers": "a=b"})[0].pk}


def window(world):
    found, _ = MaintenanceWindow.objects.get_or_create(
        service=world.service, defaults={"starts_at": world.now, "ends_at": world.now + timedelta(hours=1), "reason": "x", "created_at": world.now}
    )
    return {"pk": found.pk}


def new_rule(world):
    return {"name": "another", "matchers": "severity=info", "action": "record"}


def new_window(world):
    begins = timezone.now()
    return {"service": world.service.slug, "starts_at": begins.isoformat(), "ends_at": (begins + timedelta(hours=1)).isoformat(), "reason": "Disks"}


ROWS = [
    Row("alert-take", "POST", STAFF, data=taken),
    Row("alert-value", "GET", PAGE_READ),
    Row("episode-judge", "POST", STAFF, episode, lambda world: {"use": "noise"}),
    Row("source-list", "GET", PAGE_READ),
    Row("source-test", "POST", ADMIN_ONLY, source),
    Row("alert-rules", "GET", PAGE_READ),
    Row("delivery-list", "GET", ADMIN_ONLY),
    Row("delivery-again", "POST", ADMIN_ONLY, lambda world: {"pk": world.delivery.pk}),
    Row("api:episode-list", "GET", READ),
    Row("api:episode-detail", "GET", READ, episode),
    Row("api:episode-judge", "POST", RESPOND, episode, lambda world: {"use": "noise"}),
    Row("api:alert-rule-list", "GET", READ),
    Row("api:alert-rule-list", "POST", ADMIN_ONLY, data=new_rule),
    Row("api:alert-rule-detail", "GET", READ, rule),
    *(Row("api:alert-rule-detail", method, ADMIN_ONLY, rule, new_rule) for method in ("PUT", "PATCH", "DELETE")),
    Row("api:maintenance-list", "GET", READ),
    Row("api:maintenance-list", "POST", LEAD, data=new_window),
    Row("api:maintenance-detail", "GET", READ, window),
    *(Row("api:maintenance-detail", method, LEAD, window, new_window) for method in ("PUT", "PATCH")),
    Row("api:maintenance-cancel", "POST", LEAD, window),
    Row("hook-alertmanager", "POST", NOBODY, lambda world: {"source": "main"}),
    Row("hook-alertmanager-bare", "POST", NOBODY, lambda world: {"source": "main"}),
]
