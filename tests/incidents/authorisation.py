"""Who may do what with incidents."""

from __future__ import annotations

import zlib
from datetime import timedelta
from io import BytesIO

from incidents import lifecycle, recording
from incidents.models import Alert, Copy, Delivery, Incident, Meeting, Mitigation, Source, Update
from oncall.models import Service
from tests.authorisation import DECLARE, PUBLIC, READ, RESPOND, Row

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
    deepen(world)
    source = Source.objects.create(name="matrix", created_at=world.now)
    world.delivery = Delivery.objects.create(source=source, body=zlib.compress(b"{}"), length=2, sha256="0" * 64, received_at=world.now)
    world.alert = Alert.objects.create(
        source=source, fingerprint="0" * 16, name="Matrix", labels={"alertname": "Matrix"}, first_seen_at=world.now, last_seen_at=world.now
    )


def deepen(world):
    """One of everything that belongs to an incident."""
    lead, incident, now = world.people["lead"], world.incident, world.now
    Service.objects.filter(pk=world.service.pk).update(dashboard_url="https://grafana.example.org/")
    entry = recording.note(incident.pk, "Seen", by=lead, at=now, uploads=[("log.txt", BytesIO(b"a line"))])
    update = Update.objects.create(
        incident=incident, number=1, kind="initial", status="investigating", public="Slow", posted_at=now, posted_by=lead, key="m"
    )
    copy = Copy.objects.create(update_of=update, way="email", audience="public", address="a@example.org", state="failed", created_at=now)
    mitigation = Mitigation.objects.create(incident=incident, name="Scaled", by=lead, at=now)
    for each in (incident, world.restricted):
        Meeting.objects.create(incident=each, starts_at=now + timedelta(days=1), set_by=lead)
    world.attachment = entry.attachments.get()
    world.of_incident = {"entry": entry.pk, "check": incident.checks.first().pk, "update": update.pk, "copy": copy.pk, "mitigation": mitigation.pk}


def one(world):
    return {"pk": world.incident.pk}


def reason(world):
    moment = world.now.isoformat()
    whole = {"into": world.home.pk, "name": "mitigated", "at": moment, "role": "scribe", "person": world.people["lead"].pk, "words": "few"}
    whole |= {
        "moment": "2026-01-01 10:00",
        "kind": "initial",
        "internal": "We look",
        "wait": "15",
        "key": "k",
        "outcome": "helped",
        "answer": "not_needed",
    }
    whole |= {"starts_at": "2036-01-01 10:00", "minutes": "30"}
    return {"reason": "a good enough reason", "to": "identified", "severity": "2", "text": "Seen", "title": "New", **whole}


PARTS = ("live", "entries", "dashboard", "invitation")
PAGE_VERBS = (
    *("ack", "status", "severity", "cancel", "merge", "split", "restrict", "unrestrict", "roles", "impact", "milestone", "note"),
    *("update", "lever", "channel", "meeting", "runbook-answer"),
)
DEEP_VERBS = (
    *(("correct", "entry"), ("pin", "entry"), ("check", "check"), ("approve", "update"), ("retry", "copy"), ("lever-outcome", "mitigation")),
)
API_PARTS = ("updates", "checklist", "promises", "metrics", "patterns", "story")
VERBS = ("cancel", "severity", "merge", "split", "edit-milestone", "roles", "impact", "restrict", "unrestrict")
ROWS = [
    Row("incident-list", "GET", PAGE_READ),
    Row("incident-new", "GET", PAGE_READ),
    Row("incident-new", "POST", PAGE_READ, data=reason),
    Row("incident-detail", "GET", PAGE_READ, one),
    *(Row(f"incident-{part}", "GET", PAGE_READ, one) for part in PARTS),
    Row("incident-draft", "GET", STAFF, one),
    Row("incident-runbook", "GET", PAGE_READ, lambda world: one(world) | {"slug": world.runbook.slug}),
    Row("incident-export", "GET", PAGE_READ, lambda world: one(world) | {"form": "json"}),
    Row("incident-file", "GET", PAGE_READ, lambda world: one(world) | {"attachment": world.attachment.pk}),
    *(Row(f"incident-{verb}", "POST", STAFF, one, reason) for verb in PAGE_VERBS),
    Row("incident-correct", "GET", STAFF, lambda world: one(world) | {"entry": world.of_incident["entry"]}),
    *(Row(f"incident-{verb}", "POST", STAFF, lambda world, key=key: one(world) | {key: world.of_incident[key]}, reason) for verb, key in DEEP_VERBS),
    Row("incident-lever-agree", "POST", frozenset({"lead"}), lambda world: one(world) | {"mitigation": world.of_incident["mitigation"]}),
    Row("api:incident-list", "GET", READ),
    Row("api:incident-list", "POST", DECLARE, data=reason),
    Row("api:incident-detail", "GET", READ, one),
    Row("api:incident-timeline", "GET", READ, one),
    *(Row(f"api:incident-{verb}", "POST", RESPOND, one, reason) for verb in ("acknowledge", "resolve", "move", "notes")),
    Row("api:incident-gate", "GET", READ, one),
    *(Row(f"api:incident-{part}", "GET", READ, one) for part in API_PARTS),
    Row("api:incident-updates", "POST", RESPOND, one, reason),
    Row("api:incident-checklist", "POST", RESPOND, one, lambda world: {"check": world.of_incident["check"], "state": "ticked"}),
    Row("api:incident-roles", "GET", READ, one),
    *(Row(f"api:incident-{verb}", "POST", RESPOND, one, reason) for verb in VERBS),
]
RESTRICTED = [
    ("incident-detail", "GET"),
    *((f"incident-{part}", "GET") for part in (*PARTS, "draft")),
    *((f"incident-{verb}", "POST") for verb in PAGE_VERBS),
    ("api:incident-detail", "GET"),
    ("api:incident-timeline", "GET"),
    *((f"api:incident-{verb}", "POST") for verb in ("acknowledge", "resolve", "move", "notes", *VERBS)),
    ("api:incident-gate", "GET"),
    *((f"api:incident-{part}", "GET") for part in API_PARTS),
    ("api:incident-updates", "POST"),
    ("api:incident-checklist", "POST"),
    ("api:incident-roles", "GET"),
]
ROWS += [
    Row("status", "GET", PUBLIC),
    Row("status-file", "GET", PUBLIC, lambda world: {"name": "feed.atom"}),
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
    "incidents.updatetemplate": (STAFF, ONLY_ADMIN),
    "incidents.stakeholderlist": (ONLY_ADMIN, ONLY_ADMIN),
    "incidents.externalstatuspage": (ONLY_ADMIN, ONLY_ADMIN),
    "incidents.component": (STAFF, ONLY_ADMIN),
    "incidents.maintenance": (STAFF, ONLY_ADMIN),
    "incidents.metric": (STAFF, ONLY_ADMIN),
    "incidents.mitigationoption": (STAFF, ONLY_ADMIN),
    "incidents.cadence": (STAFF, ONLY_ADMIN),
}
