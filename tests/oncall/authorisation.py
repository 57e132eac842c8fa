"""Who may do what with on call, and with people and tokens."""

from __future__ import annotations

from datetime import timedelta

from oncall import feeds
from oncall.models import Absence, Checklist, ChecklistItem, ChecklistTemplate, Handoff, Layer, Override, Rotation, Swap, Turn
from tests.authorisation import EDIT, LEAD, PUBLIC, READ, Row

PAGE_READ = READ - {"read_token", "write_token"}
STAFF = frozenset({"responder", "editor", "lead", "admin", "other_team"})
EDITORS = frozenset({"editor", "lead", "admin", "other_team"})
LEADS = frozenset({"lead", "admin"})
ONLY_ADMIN = frozenset({"admin"})
NOBODY: frozenset[str] = frozenset()


def build(world):
    """The checklist is the responder's."""
    world.rotation = Rotation.objects.create(team=world.team, name="Matrix", begins_on=world.now.date())
    template = ChecklistTemplate.objects.create(slug="matrix", name="Matrix")
    world.checklist = Checklist.objects.create(
        template=template,
        about="shift:1:x",
        title="Matrix",
        person=world.people["responder"],
        opened_at=world.now,
        due_at=world.now,
        ends_at=world.now + timedelta(days=1),
    )
    responder, lead = world.people["responder"], world.people["lead"]
    world.layer = Layer.objects.create(rotation=world.rotation, name="Nights", begins_on=world.now.date())
    soon, later = world.now + timedelta(days=1), world.now + timedelta(days=2)
    Turn.objects.create(rotation=world.rotation, person=responder)
    world.override = Override.objects.create(rotation=world.rotation, person=responder, by=responder, starts_at=soon, ends_at=later)
    world.swap = Swap.objects.create(rotation=world.rotation, giver=lead, taker=responder, starts_at=soon, ends_at=later, offered_at=world.now)
    world.handoff = Handoff.objects.create(
        rotation=world.rotation, outgoing=responder, incoming=responder, at=later, since=world.now, opened_at=world.now
    )
    world.absence = Absence.objects.create(person=responder, starts_at=soon, ends_at=later)
    world.feed, world.feed_secret = feeds.make(responder, None, at=world.now)
    world.line = ChecklistItem.objects.create(checklist=world.checklist, order=0, text="Look")


def line(world):
    return {"pk": world.line.pk}


def rotation(world):
    return {"pk": world.rotation.pk}


def of(name):
    return lambda world: {"pk": getattr(world, name).pk}


def layer(world):
    return {"pk": world.rotation.pk, "layer_pk": world.layer.pk}


def override(world):
    return {"pk": world.rotation.pk, "override_pk": world.override.pk}


def checklist(world):
    return {"pk": world.checklist.pk}


OWN = frozenset({"responder", "admin"})
RESPONDER = frozenset({"responder"})
GIVER = frozenset({"lead"})
HANDS_OVER = frozenset({"responder", "lead", "admin"})
PAGE_WRITE = frozenset({"viewer", "responder", "editor", "lead", "admin", "other_team"})
ROWS = [
    Row("my-shifts", "GET", PAGE_READ),
    Row("paging", "GET", PAGE_READ),
    Row("service-oncall", "GET", PAGE_READ, lambda world: {"slug": world.service.slug}),
    Row("rotation-new", "GET", LEADS),
    Row("rotation-new", "POST", LEADS),
    Row("rotation-detail", "GET", PAGE_READ, rotation),
    Row("rotation-edit", "GET", LEADS, rotation),
    Row("rotation-edit", "POST", LEADS, rotation),
    Row("layer-new", "GET", LEADS, rotation),
    Row("layer-new", "POST", LEADS, rotation),
    Row("layer-edit", "GET", LEADS, layer),
    Row("layer-edit", "POST", LEADS, layer),
    Row("layer-remove", "POST", LEADS, layer),
    Row("rotation-cover", "POST", STAFF, rotation),
    Row("override-add", "POST", LEADS, rotation),
    Row("override-remove", "POST", LEADS | RESPONDER, override),
    Row("rotation-import", "POST", LEADS, rotation),
    Row("swap-offer", "POST", STAFF, rotation),
    Row("swap-detail", "GET", PAGE_READ, of("swap")),
    Row("swap-accept", "POST", RESPONDER, of("swap")),
    Row("swap-decline", "POST", RESPONDER, of("swap")),
    Row("swap-take-back", "POST", GIVER, of("swap")),
    Row("handoff-detail", "GET", PAGE_READ, of("handoff")),
    Row("handoff-detail", "POST", HANDS_OVER, of("handoff"), lambda world: {"seen_version": "1"}),
    Row("handoff-accept", "POST", HANDS_OVER, of("handoff")),
    Row("calendar-feed", "GET", PUBLIC, lambda world: {"secret": world.feed_secret}),
    Row("feed-make", "POST", PAGE_WRITE),
    Row("feed-revoke", "POST", RESPONDER, of("feed")),
    Row("absence-add", "POST", PAGE_WRITE),
    Row("absence-import", "POST", PAGE_WRITE),
    Row("calendar-save", "POST", PAGE_WRITE),
    Row("absence-remove", "POST", RESPONDER, of("absence")),
    Row("oncall", "GET", PAGE_READ),
    Row("checklist-detail", "GET", PAGE_READ, checklist),
    *(Row(f"checklist-{verb}", "POST", OWN, line, lambda world: {"reason": "no time"}) for verb in ("tick", "untick", "skip")),
    Row("api:team-list", "GET", READ),
    Row("api:team-list", "POST", frozenset({"admin"}), data=lambda world: {"name": "Another", "slug": "another"}),
    *(Row("api:team-detail", m, READ if m == "GET" else LEAD, lambda world: {"slug": world.team.slug}) for m in ("GET", "PUT", "PATCH")),
    Row("api:service-list", "GET", READ),
    Row("api:service-list", "POST", EDIT, data=lambda world: {"name": "another", "slug": "another", "team": world.team.slug}),
    *(Row("api:service-detail", m, READ if m == "GET" else EDIT, lambda world: {"slug": world.service.slug}) for m in ("GET", "PUT", "PATCH")),
    Row("api:service-oncall", "GET", READ, lambda world: {"slug": world.service.slug}),
    Row("api:rotation-list", "GET", READ),
    Row("api:rotation-detail", "GET", READ, lambda world: {"pk": world.rotation.pk}),
    Row("api:checklist-list", "GET", READ),
    Row("api:checklist-detail", "GET", READ, checklist),
    Row("api:checklist-tick", "POST", OWN, checklist, lambda world: {"item": world.line.pk}),
    Row("api:checklist-skip", "POST", OWN, checklist, lambda world: {"item": world.line.pk, "reason": "no time"}),
]
ADMIN = {
    "oncall.team": (STAFF, ONLY_ADMIN),
    "oncall.service": (STAFF, EDITORS),
    "oncall.rotation": (STAFF, NOBODY),
    "oncall.swap": (STAFF, NOBODY),
    "oncall.handoff": (STAFF, NOBODY),
    "oncall.absence": (STAFF, LEADS),
    "oncall.feed": (ONLY_ADMIN, NOBODY),
    "oncall.escalationpolicy": (STAFF, LEADS),
    "oncall.checklisttemplate": (STAFF, EDITORS),
    "oncall.checklist": (STAFF, NOBODY),
    "accounts.user": (ONLY_ADMIN, ONLY_ADMIN),
    "accounts.apitoken": (ONLY_ADMIN, NOBODY),
}
