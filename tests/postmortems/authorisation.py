"""Who may do what with postmortems and action items."""

from __future__ import annotations

from django.core.files.base import ContentFile

from incidents.models import Incident
from postmortems import commenting, due_dates, writing
from postmortems.models import ActionItem, Picture
from runbooks import following
from tests.authorisation import EDIT, PUBLIC, READ, RESPOND, Row

PAGE_READ = READ - {"read_token", "write_token"}
STAFF = frozenset({"responder", "editor", "lead", "admin", "other_team"})
NOBODY: frozenset[str] = frozenset()


def build(world):
    lead = world.people["lead"]
    world.resolved = Incident.objects.create(
        title="Resolved one", severity=2, service=world.service, opened_at=world.now, status="resolved", resolved_at=world.now
    )
    world.postmortem = writing.start(world.resolved.pk, by=lead, at=world.now)
    world.following = following.begin(world.runbook, world.resolved.subject, by=lead, at=world.now)
    world.comment = commenting.say(world.postmortem, "Why?", by=lead, at=world.now)
    world.picture = Picture(postmortem=world.postmortem, name="a.png", media_type="image/png", size=1, added_at=world.now, added_by=lead)
    world.picture.file.save("postmortems/a.png", ContentFile(b"x"))
    world.due_secret = due_dates.make(world.people["responder"], at=world.now)
    world.item = ActionItem.objects.create(postmortem=world.postmortem, title="Improve", owner=lead, team=world.team, created_at=world.now)


def of_postmortem(world):
    return {"pk": world.postmortem.pk}


def of_comment(world):
    return {"pk": world.postmortem.pk, "comment": world.comment.pk}


def of_picture(world):
    return {"pk": world.postmortem.pk, "picture": world.picture.pk}


def of_item(world):
    return {"pk": world.item.pk}


def of_section(world):
    return {"name": "postmortem-section", "pk": world.postmortem.sections.get(kind="lessons").pk}


def of_revision(world):
    section = world.postmortem.sections.get(kind="lessons")
    return {"name": "postmortem-section", "pk": section.pk, "revision": section.history.first().history_id}


def of_runbook(world):
    return {"slug": world.runbook.slug}


def followed(world):
    return {"pk": world.following.pk}


ROWS = [
    Row("desk-preview", "POST", PAGE_READ, data=lambda world: {"body": "**a**"}),
    Row("desk-history", "GET", PAGE_READ, of_section),
    Row("desk-save", "POST", EDIT, of_section, lambda world: {"body": "Learned", "version": 1}),
    Row("desk-restore", "POST", EDIT, of_revision, lambda world: {"version": 1}),
    Row("runbook-follow", "POST", STAFF, of_runbook, lambda world: {"incident": world.resolved.pk}),
    Row("runbook-step", "POST", STAFF, followed, lambda world: {"key": "none"}),
    Row("runbook-blanks", "POST", STAFF, followed),
    Row("runbook-feedback", "POST", STAFF, of_runbook, lambda world: {"kind": "helped"}),
    Row("runbook-missing", "POST", STAFF, lambda world: {"pk": world.resolved.pk}, lambda world: {"none_needed": "1"}),
    Row("postmortem-list", "GET", PAGE_READ),
    Row("postmortem-detail", "GET", PAGE_READ, of_postmortem),
    Row("postmortem-start", "POST", STAFF, lambda world: {"incident": world.resolved.pk}),
    Row("postmortem-review", "POST", PAGE_READ, of_postmortem, lambda world: {"verdict": "approved"}),
    Row("postmortem-export", "GET", PAGE_READ, of_postmortem),
    Row("postmortem-page", "GET", PAGE_READ, of_postmortem),
    Row("postmortem-leave-out", "POST", EDIT, of_postmortem, lambda world: {"entry": 1}),
    Row("postmortem-answer", "POST", EDIT, of_postmortem, lambda world: {"key": "detect", "text": "Why"}),
    Row("postmortem-comment", "POST", STAFF, of_postmortem, lambda world: {"text": "Why"}),
    Row("postmortem-comment-settle", "POST", EDIT, of_comment),
    Row("postmortem-waive", "POST", frozenset({"lead", "admin"}), of_postmortem, lambda world: {"reason": "a good enough reason"}),
    Row("postmortem-picture-add", "POST", EDIT, of_postmortem),
    Row("postmortem-picture", "GET", PAGE_READ, of_picture),
    Row("postmortem-five", "GET", PAGE_READ, lambda world: {"slug": world.service.slug}),
    Row("postmortem-read", "POST", PAGE_READ, of_postmortem),
    Row("action-feed", "GET", PAGE_READ),
    Row("action-feed", "POST", PAGE_READ),
    Row("action-feed-revoke", "POST", PAGE_READ),
    Row("action-feed-ics", "GET", PUBLIC, lambda world: {"secret": world.due_secret}),
    *(Row(name, "GET", PAGE_READ) for name in ("analytics", "analytics-csv", "analytics-json")),
    Row("action-list", "GET", PAGE_READ),
    Row("action-csv", "GET", PAGE_READ),
    Row("action-detail", "GET", PAGE_READ, of_item),
    *(Row(f"action-{verb}", "POST", EDIT, of_item, lambda world: {"reason": "a good enough reason"}) for verb in ("begin", "done", "postpone")),
    Row("action-decline", "POST", EDIT, of_item, lambda world: {"reason": "a good enough reason"}),
    Row("action-verify", "POST", EDIT, of_item),
    Row("action-reopen", "POST", EDIT, of_item, lambda world: {"reason": "a good enough reason"}),
    Row("api:postmortem-list", "GET", READ),
    Row("api:postmortem-list", "POST", RESPOND, data=lambda world: {"incident": world.resolved.pk}),
    Row("api:postmortem-detail", "GET", READ, of_postmortem),
    Row(
        "api:postmortem-section",
        "PUT",
        EDIT,
        lambda world: {"pk": world.postmortem.pk, "kind": "impact"},
        lambda world: {"body": "All", "version": 1},
    ),
    Row("api:postmortem-publish", "POST", EDIT, of_postmortem),
    Row("api:action-item-list", "GET", READ),
    Row("api:action-item-detail", "GET", READ, of_item),
    Row("api:action-item-list", "POST", EDIT, data=lambda world: {"title": "Better", "postmortem": world.postmortem.pk}),
    *(Row("api:action-item-detail", method, EDIT, of_item, lambda world: {"title": "Even better"}) for method in ("PUT", "PATCH")),
    Row("api:action-item-begin", "POST", EDIT, of_item),
    Row("api:action-item-decline", "POST", EDIT, of_item, lambda world: {"reason": "a good enough reason"}),
    Row("api:action-item-reopen", "POST", EDIT, of_item, lambda world: {"reason": "a good enough reason"}),
    Row("api:action-item-done", "POST", EDIT, of_item, lambda world: {"evidence": "seen"}),
    Row("api:action-item-postpone", "POST", EDIT, of_item, lambda world: {"due_on": "2030-01-01", "reason": "a good enough reason"}),
]
ADMIN = {
    "postmortems.postmortem": (STAFF, NOBODY),
    "postmortems.actionitem": (STAFF, EDIT | {"other_team"}),
    "postmortems.template": (STAFF, frozenset({"admin"})),
    "postmortems.metricpair": (STAFF, frozenset({"admin"})),
    "postmortems.tag": (STAFF, EDIT | {"other_team"}),
}
