"""Who may do what with incidents."""

from __future__ import annotations

import zlib

from incidents import lifecycle
from incidents.models import Alert, Delivery, Incident, Source
from tests.authorisation import DECLARE, READ, RESPOND, Row

PAGE_READ = READ - {"read_token", "write_token"}
STAFF = frozenset({"responder", "editor", "lead", "admin", "other_team"})
NOBODY: frozenset[str] = frozenset()
ONLY_ADMIN = frozenset({"admin"})
NAMED = frozenset({"lead", "admin"})  # of the restricted one: its team's lead, and administrators


def build(world):
    world.incident = lifecycle.declare(title="Matrix", severity=4, service=world.service, summary="", by=world.people["lead"], at=world.now)
    world.restricted = lifecycle.declare(title="Secret", severity=4, service=world.service, summary="", by=world.people["lead"], at=world.now)
    Incident.objects.filter(pk=world.restricted.pk).update(is_restricted=True)
    world.home = lifecycle.declare(title="Home", severity=4, service=world.service, summary="", by=world.people["lead"], at=world.now)
    source = Source.objects.create(name="matrix", created_at=world.now)
    world.delivery = Delivery.objects.create(source=source, body=zlib.compress(b"{}"), length=2, sha256="0" * 64, received_at=world.now)
    world.alert = Alert.objects.create(
        source=source, fingerprint="0" * 16, name="Matrix", labels={"alertname": "Matrix"}, first_seen_at=world.now, last_seen_at=world.now
    )


def one(world):
    return {"pk": world.incident.pk}


def reason(world):
    moment = world.now.isoformat()
    whole = {"into": world.home.pk, "name": "mitigated", "at": moment, "role": "scribe", "person": world.people["lead"].pk, "words": "few"}
    return {"reason": "a good enough reason", "to": "identified", "severity": "2", "text": "Seen", "title": "New", **whole}


VERBS = ("cancel", "severity", "merge", "split", "edit-milestone", "roles", "impact", "restrict", "unrestrict")
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
    Row("api:incident-gate", "GET", READ, one),
    Row("api:incident-roles", "GET", READ, one),
    *(Row(f"api:incident-{verb}", "POST", RESPOND, one, reason) for verb in VERBS),
]
RESTRICTED = [
    ("incident-detail", "GET"),
    ("incident-timeline", "GET"),
    *((f"incident-{verb}", "POST") for verb in ("ack", "status", "severity", "cancel", "note")),
    ("api:incident-detail", "GET"),
    ("api:incident-timeline", "GET"),
    *((f"api:incident-{verb}", "POST") for verb in ("acknowledge", "resolve", "move", "notes", *VERBS)),
    ("api:incident-gate", "GET"),
    ("api:incident-roles", "GET"),
]
ROWS += [
    Row("alert-list", "GET", PAGE_READ),
    Row("alert-detail", "GET", PAGE_READ, lambda world: {"pk": world.alert.pk}),
    Row("delivery-detail", "GET", ONLY_ADMIN, lambda world: {"pk": world.delivery.pk}),
]
ADMIN = {
    "incidents.incident": (STAFF, NOBODY),
    "incidents.source": (ONLY_ADMIN, NOBODY),
    "incidents.severityrule": (ONLY_ADMIN, ONLY_ADMIN),
    "incidents.autorun": (STAFF, ONLY_ADMIN),
    "incidents.alertrule": (ONLY_ADMIN, ONLY_ADMIN),
    "incidents.severitylevel": (ONLY_ADMIN, ONLY_ADMIN),
    "incidents.maintenancewindow": (ONLY_ADMIN, ONLY_ADMIN),
    "incidents.delivery": (ONLY_ADMIN, NOBODY),
}
