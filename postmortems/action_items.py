"""Get improvements done: assigned, moved only with a reason, finished only with evidence."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction

from oncall.models import Team
from portal import decisions, journal
from portal.accounts.models import User
from portal.errors import DomainError, Invalid
from postmortems import chasing, searching
from postmortems.models import ActionItem, Postmortem

DUE_AFTER = {1: timedelta(weeks=4), 2: timedelta(weeks=8), 3: timedelta(weeks=12), 4: timedelta(weeks=12)}  # by the incident's severity
VERIFY_AFTER = timedelta(days=30)
REASON_AT_LEAST = 10  # characters
NEXT = {
    ActionItem.Status.OPEN: {ActionItem.Status.IN_PROGRESS, ActionItem.Status.DONE, ActionItem.Status.DECLINED},
    ActionItem.Status.IN_PROGRESS: {ActionItem.Status.OPEN, ActionItem.Status.DONE, ActionItem.Status.DECLINED},
    ActionItem.Status.DONE: {ActionItem.Status.VERIFIED, ActionItem.Status.OPEN},
    ActionItem.Status.VERIFIED: {ActionItem.Status.OPEN},
    ActionItem.Status.DECLINED: {ActionItem.Status.OPEN},
}


def default_due(severity: int, at: datetime) -> date:
    """When an item of an incident of this severity (1-4) is due unless somebody says otherwise. UTC."""
    return (at + DUE_AFTER[severity]).date()


@transaction.atomic
def add(
    *,
    title: str,
    at: datetime,
    by: User | None = None,
    why: str = "",
    type: str = ActionItem.Type.PREVENT,
    priority: int = ActionItem.Priority.MEDIUM,
    owner: User | None = None,
    team: Team | None = None,
    due_on: date | None = None,
    postmortem: Postmortem | None = None,
    origin: str = ActionItem.Origin.HAND,
    origin_url: str = "",
    told: str = "Opened",
) -> ActionItem:
    """A new open item, in the search and on its ladder. Without a date it gets the default of its incident's severity, if it has one.

    origin_url: the page that it came from ("/runbooks/redis-down/#mitigation"). Raises: Invalid, no title.
    """
    if not title.strip():
        raise Invalid("Say in a few words what is to be done.")
    item = ActionItem(
        title=" ".join(title.split())[:300], why=why, type=type, priority=priority, owner=owner, team=team, due_on=due_on,
        postmortem=postmortem, origin=origin, origin_url=origin_url,
    )  # fmt: skip
    prepare(item, at=at)
    item.save()
    journal.append(item.subject, kind="status", at=at, by=by, text=told, url=origin_url)
    searching.index_item(item)
    return item


def begin(item_id: int, *, by: User, at: datetime) -> ActionItem:
    """Somebody works on it. Raises: DomainError."""
    return _move(item_id, ActionItem.Status.IN_PROGRESS, by=by, at=at, told="Work began")


def finish(item_id: int, evidence: str, *, by: User, at: datetime, verify_by: date | None = None) -> ActionItem:
    """Done, with what shows it, and a date on which we ask whether it held (in 30 days unless said otherwise).

    Raises: Invalid, no evidence, or a date that has passed; DomainError.
    """
    if not evidence.strip():
        raise Invalid("Say what shows that it is done: a link, a diagnostic run, a drill or one sentence.")
    if verify_by is not None and verify_by <= at.date():
        raise Invalid("Choose a later day on which we ask whether it held.")
    return _move(
        item_id, ActionItem.Status.DONE, by=by, at=at, told=f"Done: {evidence.strip()[:200]}", evidence=evidence.strip(), verify_by=verify_by
    )


def verify(item_id: int, *, by: User, at: datetime, note: str = "") -> ActionItem:
    """It held. Raises: DomainError, not done yet."""
    return _move(item_id, ActionItem.Status.VERIFIED, by=by, at=at, told=f"Verified: it held{f'. {note.strip()[:200]}' if note.strip() else ''}")


def decline(item_id: int, reason: str, *, by: User, at: datetime) -> ActionItem:
    """Will not be done. Raises: Invalid, no reason of 10 characters; DomainError."""
    return _move(item_id, ActionItem.Status.DECLINED, by=by, at=at, told=f"Declined: {_reason(reason)[:200]}", declined_because=_reason(reason))


def reopen(item_id: int, reason: str, *, by: User | None, at: datetime) -> ActionItem:
    """Open again: it did not hold, or is needed after all. Raises: Invalid, no reason of 10 characters; DomainError."""
    return _move(item_id, ActionItem.Status.OPEN, by=by, at=at, told=f"Reopened: {_reason(reason)[:200]}")


@transaction.atomic
def postpone(item_id: int, due_on: date, reason: str, *, by: User, at: datetime) -> ActionItem:
    """A new due date, counted. Raises: Invalid, no reason of 10 characters; DomainError, finished already."""
    item = ActionItem.objects.select_for_update().get(pk=item_id)
    if item.is_finished:
        raise DomainError(f"{item.reference} is {item.get_status_display().lower()}; its date no longer matters.", code="finished")
    reason = _reason(reason)
    before, item.due_on, item.dated_at = item.due_on, due_on, at
    if before is not None and before < at.date():
        access = item.postmortem.incident.subject if item.postmortem and item.postmortem.incident else ""
        decisions.record("action_date_moved", item.subject, by, at, reason, title=str(item), url=f"/actions/{item.pk}/", access=access)
    item.times_moved += 1
    item.version += 1
    chasing.reschedule(item, now=at)
    item.save()
    text = f"Due date moved from {before or 'none'} to {due_on} ({item.times_moved} times now): {reason}"
    journal.append(item.subject, kind="decision", at=at, by=by, text=text)
    return item


@transaction.atomic
def _move(
    item_id: int,
    status: ActionItem.Status,
    *,
    by: User | None,
    at: datetime,
    told: str,
    evidence: str = "",
    declined_because: str = "",
    verify_by: date | None = None,
) -> ActionItem:
    item = ActionItem.objects.select_for_update().get(pk=item_id)
    if status not in NEXT[ActionItem.Status(item.status)]:
        raise DomainError(f"{item.reference} is {item.get_status_display().lower()} and cannot become {status.label.lower()}.", code="wrong_status")
    item.status, item.evidence, item.declined_because = status, evidence or item.evidence, declined_because
    item.finished_at = at if item.is_finished else None
    item.verify_by = (verify_by or (at + VERIFY_AFTER).date()) if status == ActionItem.Status.DONE else None
    item.version += 1
    chasing.reschedule(item, now=at)
    item.save()
    journal.append(item.subject, kind="status", at=at, by=by, text=told)
    searching.index_item(item)
    return item


def prepare(item: ActionItem, *, at: datetime) -> None:
    """Fill what follows from the rest, before an editor's save (admin, API): created, due, finished and verify-by moments."""
    if item.created_at is None:
        item.created_at = at
        if item.due_on is None and item.postmortem is not None and item.postmortem.incident is not None:
            item.due_on = default_due(item.postmortem.incident.severity, at)
        if item.team_id is None and item.postmortem is not None:
            item.team = item.postmortem.team
    if item.is_finished != (item.finished_at is not None):
        item.finished_at = at if item.is_finished else None
    if item.status == ActionItem.Status.DONE and item.verify_by is None:
        item.verify_by = (at + VERIFY_AFTER).date()
    before = ActionItem.objects.filter(pk=item.pk).values_list("due_on", flat=True).first() if item.pk else None
    if item.due_on and (item.dated_at is None or item.due_on != before):
        item.dated_at = at
    chasing.reschedule(item, now=at)


def prepared(item: ActionItem, *, at: datetime) -> ActionItem:
    """The same item, filled by `prepare`."""
    prepare(item, at=at)
    return item


@transaction.atomic
def write(item: ActionItem, *, at: datetime) -> ActionItem:
    """Save an item that was made or changed in memory. Raises: ValidationError, with a sentence for what is wrong."""
    prepare(item, at=at)
    if item.pk:
        item.version += 1
    item.full_clean()
    item.save()
    searching.index_item(item)
    return item


def _reason(text: str) -> str:
    if len(text.strip()) < REASON_AT_LEAST:
        raise Invalid(f"Give a reason of at least {REASON_AT_LEAST} characters.")
    return text.strip()
