"""Who may do what with on call, and with people and tokens."""

from __future__ import annotations

from datetime import timedelta

from oncall.models import Checklist, ChecklistItem, ChecklistTemplate, Rotation
from tests.authorisation import EDIT, LEAD, READ, Row

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
    world.line = ChecklistItem.objects.create(checklist=world.checklist, order=0, text="Look")


def line(world):
    return {"pk": world.line.pk}


def checklist(world):
    return {"pk": world.checklist.pk}


OWN = frozenset({"responder", "admin"})
ROWS = [
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
    "oncall.rotation": (STAFF, LEADS),
    "oncall.escalationpolicy": (STAFF, LEADS),
    "oncall.checklisttemplate": (STAFF, EDITORS),
    "oncall.checklist": (STAFF, NOBODY),
    "accounts.user": (ONLY_ADMIN, ONLY_ADMIN),
    "accounts.apitoken": (ONLY_ADMIN, NOBODY),
}
