"""A suggested edit, by somebody who may not publish: kept beside the runbook until an editor takes it over or declines it.

It stands on the version that was read. Where the runbook changed meanwhile, taking it over begins from a text that holds both.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.desk import merging
from portal.errors import DomainError, Invalid, require
from portal.home.needs import Need
from portal.locking import locked_one
from portal.markdown import render
from portal.notify import outbox
from portal.notify.models import Message
from portal.web.versions import next_version
from runbooks import editing, policies
from runbooks.models import Runbook, Suggestion

WHO_SUGGESTS = "Only responders suggest edits."
MOST_OPEN = 20  # of one person for one runbook
State = Suggestion.State


def suggest(runbook: Runbook, body: str, *, seen: int, note: str = "", by: User, at: datetime) -> Suggestion:
    """Keep an edit of the version that was read. Raises: NotAllowed; Invalid, nothing is changed, it is too long or too many wait."""
    require(by.at_least(Role.RESPONDER), WHO_SUGGESTS)
    render.refuse_too_long(body)
    body, base = render.clean(body), _body_of(runbook, seen)
    if body == base:
        raise Invalid("Nothing is changed in this text yet.")
    if Suggestion.objects.filter(runbook=runbook, by=by, state=State.OPEN).count() >= MOST_OPEN:
        raise Invalid(f"{MOST_OPEN} of your suggestions for this runbook wait already.")
    return Suggestion.objects.create(runbook=runbook, base_version=seen, base=base, body=body, note=note.strip()[:300], by=by, at=at)


def _body_of(runbook: Runbook, version: int) -> str:
    """The text of an older version, from the history. Raises: Invalid, there is none. 0-1 query."""
    if version == runbook.version:
        return runbook.body
    old = Runbook.history.filter(id=runbook.pk, version=version).values_list("body", flat=True).first()
    if old is None:
        raise Invalid("The version that this edit stands on is not known. Reload the page; your text stays in its field.")
    return str(old)


def merged(suggestion: Suggestion) -> merging.Merged:
    """The suggested text on top of what the runbook says now."""
    return merging.merge(suggestion.base, suggestion.runbook.body, suggestion.body)


def take(suggestion_id: int, body: str, *, seen: int, answer: str = "", by: User, at: datetime) -> Runbook:
    """`body`, the suggested text or what an editor made of it, becomes the next version. Raises: NotAllowed; Stale; DomainError, decided already."""
    runbook = Runbook.objects.get(suggestions=suggestion_id)
    prepared = editing.prepare(body, links=runbook.links, longer=len(runbook.body))
    with transaction.atomic():
        suggestion = _open(suggestion_id, by)
        runbook.version = next_version(Runbook, runbook.pk, seen=seen)
        runbook._change_reason = f"suggested by {suggestion.by}"[:100]  # type: ignore[attr-defined]
        _decide(suggestion, State.TAKEN, answer, by=by, at=at)
        return editing.write(runbook, prepared, by=by, at=at)


@transaction.atomic
def decline(suggestion_id: int, answer: str, *, by: User, at: datetime) -> Suggestion:
    """It stays as it is, with the reason. Raises: NotAllowed; Invalid, no reason; DomainError, decided already."""
    suggestion = _open(suggestion_id, by)
    if len(answer.strip()) < 3:
        raise Invalid("Say in a word or two why it is declined; whoever suggested it reads that.")
    return _decide(suggestion, State.DECLINED, answer, by=by, at=at)


def _open(suggestion_id: int, by: User) -> Suggestion:
    suggestion = locked_one(Suggestion.objects.select_related("runbook__team", "by"), suggestion_id)
    require(policies.can_edit(by, suggestion.runbook), policies.WHO_EDITS)
    if suggestion.state != State.OPEN:
        raise DomainError("This suggestion was decided already.", code="decided")
    return suggestion


def _decide(suggestion: Suggestion, state: Suggestion.State, answer: str, *, by: User, at: datetime) -> Suggestion:
    suggestion.state, suggestion.answer, suggestion.decided_by, suggestion.decided_at = state, answer.strip()[:300], by, at
    suggestion.save(update_fields=["state", "answer", "decided_by", "decided_at"])
    if suggestion.by_id != by.pk and suggestion.by.is_active:
        _tell(suggestion, by, at)
    return suggestion


def _tell(suggestion: Suggestion, by: User, at: datetime) -> None:
    said = f"{by} {'took over' if suggestion.state == State.TAKEN else 'declined'} your edit of “{suggestion.runbook}”"
    body = "\n".join(filter(None, [f"{said}.", suggestion.answer, f"{settings.BASE_URL}{url(suggestion)}"]))
    outbox.queue(
        suggestion.by,
        channel="email",
        purpose=Message.Purpose.NOTICE,
        subject=said[:200],
        body=body,
        dedup_key=f"suggestion:{suggestion.pk}",
        at=at,
        about=suggestion.runbook.subject,
    )


def url(suggestion: Suggestion) -> str:
    return reverse("runbook-suggestion", args=[suggestion.pk])


def needs(user: User, now: datetime) -> list[Need]:
    """Open suggestions for runbooks that this person keeps true: their own ones, and those without an owner of their teams. 2 queries."""
    open_ones = Suggestion.objects.filter(state=State.OPEN).exclude(by=user).select_related("runbook", "by")
    mine = open_ones.filter(policies.kept_by(user)).order_by("at")[:20]
    return [
        Need(what=f"Read an edit for “{one.runbook}”", why=f"suggested by {one.by}, {one.at:%d %b}", due_at=None, url=url(one), icon="pencil")
        for one in mine
    ]
