"""Who may do what with incidents."""

from __future__ import annotations

from incidents import lifecycle
from incidents.models import Incident
from tests.authorisation import DECLARE, READ, RESPOND, Row

PAGE_READ = READ - {"read_token", "write_token"}
STAFF = frozenset({"responder", "editor", "lead", "admin", "other_team"})
NOBODY: frozenset[str] = frozenset()
NAMED = frozenset({"lead", "admin"})  # of the restricted one: its team's lead, and administrators


def build(world):
    world.incident = lifecycle.declare(title="Matrix", severity=4, service=world.service, summary="", by=world.people["lead"], at=world.now)
    world.restricted = lifecycle.declare(title="Secret", severity=4, service=world.service, summary="", by=world.people["lead"], at=world.now)
    Incident.objects.filter(pk=world.restricted.pk).update(is_restricted=True)


def one(world):
    return {"pk": world.incident.pk}


def reason(world):
    return {"reason": "a good enough reason", "to": "identified", "severity": "2", "text": "Seen", "title": "New"}


ROWS = [
    Row("incident-list", "GET", PAGE_READ),
    Row("incident-new", "GET", PAGE_READ),
    Row("incident-new", "POST", PAGE_READ, data=reason),
    Row("incident-detail", "GET", PAGE_READ, one),
    Row("incident-timeline", "GET", PAGE_READ, one),
    *(Row(f"incident-{verb}", "POST", STAFF, one, reason) for verb in ("ack", "status", "severity", "cancel", "note")),
    Row("api:incident-list", "GET", READ),
    Row("api:incident-list", "POST", DECLARE, data=reason),
    Row("api:incident-detail", "GET", READ, one),
    Row("api:incident-timeline", "GET", READ, one),
    *(Row(f"api:incident-{verb}", "POST", RESPOND, one, reason) for verb in ("acknowledge", "resolve", "move", "notes")),
]
RESTRICTED = [
    ("incident-detail", "GET"),
    ("incident-timeline", "GET"),
    *((f"incident-{verb}", "POST") for verb in ("ack", "status", "severity", "cancel", "note")),
    ("api:incident-detail", "GET"),
    ("api:incident-timeline", "GET"),
    *((f"api:incident-{verb}", "POST") for verb in ("acknowledge", "resolve", "move", "notes")),
]
ADMIN = {"incidents.incident": (STAFF, NOBODY)}
