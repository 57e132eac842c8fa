"""What postmortems show on pages that do not know them."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db import models
from django.urls import reverse

from incidents.models import Incident
from portal import journal
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.home.needs import Need
from portal.web.counts import Count
from postmortems import policies, recurrence, writing
from postmortems.models import ActionItem, Postmortem, Review
from runbooks.models import Feedback, Following, Runbook

SOON = timedelta(days=2)


def feedback_on_runbook(user: User, runbook: Runbook, about: str, now: datetime) -> dict[str, Any] | None:
    """The buttons beside a runbook, and what was said so far. 1 query."""
    said = dict(runbook.feedback.order_by().values_list("kind").annotate(models.Count("pk")))
    return {"runbook": runbook, "incident": about.partition(":")[2], "said": said, "may": user.at_least(Role.RESPONDER)}


def runbook_question(user: User, incident: Incident, now: datetime) -> dict[str, Any] | None:
    """Asked once an incident is resolved: did a runbook help? 3 queries."""
    if incident.resolved_at is None or incident.kind == Incident.Kind.DRILL:
        return None
    answered = list(Feedback.objects.filter(about=incident.subject).select_related("runbook"))
    followed = [following.runbook for following in Following.objects.filter(about=incident.subject).select_related("runbook")]
    none_needed = not answered and journal.entries(incident.subject).filter(kind="step", data__no_runbook=True).exists()
    return {"incident": incident, "answered": answered, "runbooks": followed, "none_needed": none_needed}


def on_incident(user: User, incident: Incident, now: datetime) -> dict[str, Any] | None:
    """The card on a resolved incident: its postmortem, or the button that starts it. 1 query."""
    if incident.resolved_at is None:
        return None
    return {"postmortem": Postmortem.objects.filter(incident=incident).first(), "may_start": policies.can_start(user)}


def recurrence_of(user: User, incident: Incident, now: datetime) -> dict[str, Any] | None:
    """The red notice that the same happened before. 2 queries."""
    known = recurrence.before(incident, user, now)
    return {"known": known} if known else None


def needs_of_reviews(user: User, now: datetime) -> list[Need]:
    """Postmortems that I was asked to review. 1 query."""
    waiting = Review.objects.filter(person=user, verdict="", postmortem__status=Postmortem.Status.IN_REVIEW).select_related("postmortem")
    return [
        Need(
            what=f"Review “{review.postmortem.title}”",
            why=f"{review.postmortem.reference}, asked {review.asked_at:%d %b}",
            due_at=review.asked_at + writing.DRAFT_WITHIN,
            url=reverse("postmortem-detail", args=[review.postmortem_id]),
            icon="eye",
        )
        for review in waiting
    ]


def needs_of_proofs(user: User, now: datetime) -> list[Need]:
    """My finished items whose day of proof has come. 1 query."""
    asked = ActionItem.objects.filter(owner=user, status=ActionItem.Status.DONE, verify_by__lte=now.astimezone(user.zone).date())
    return [
        Need(
            what=f"Did it hold? {item.title}",
            why=f"{item.reference}, done {item.finished_at:%d %b}" if item.finished_at else item.reference,
            due_at=datetime.combine(item.verify_by, time(23, 59), tzinfo=user.zone).astimezone(UTC) if item.verify_by else None,
            url=reverse("action-detail", args=[item.pk]),
            icon="badge-check",
        )
        for item in asked
    ]


def needs_of_items(user: User, now: datetime) -> list[Need]:
    """My unfinished items that are overdue or due within two days. 1 query."""
    limit = now.astimezone(user.zone).date() + SOON
    mine = ActionItem.objects.unfinished().filter(owner=user, due_on__lte=limit).select_related("owner")
    return [
        Need(
            what=item.title,
            why=f"{item.reference}, {item.days_late(now)} days overdue" if item.days_late(now) else f"{item.reference}, due {item.due_on:%d %b}",
            due_at=datetime.combine(item.due_on, time(23, 59), tzinfo=user.zone).astimezone(UTC) if item.due_on else None,
            url=reverse("action-detail", args=[item.pk]),
        )
        for item in mine
    ]


def needs_of_drafts(user: User, now: datetime) -> list[Need]:
    """Postmortems that I write and that are not published. 1 query."""
    mine = Postmortem.objects.unfinished().filter(author=user).select_related("incident")
    return [
        Need(
            what=f"Publish the postmortem “{postmortem.title}”",
            why=f"{postmortem.reference} is {postmortem.get_status_display().lower()}",
            due_at=writing.publish_due(postmortem),
            url=reverse("postmortem-detail", args=[postmortem.pk]),
            icon="file-text",
        )
        for postmortem in mine
    ]


def overdue_count(user: User, now: datetime) -> dict[str, Count]:
    """Overdue items that this person may see. 2 queries."""
    return {"actions": Count(ActionItem.objects.overdue(now).visible_to(user).count(), "overdue", hot=True)}
