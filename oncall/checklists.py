"""Checklists: opened from a template, ticked, skipped with a reason, or ticked by a check; each tick is told in the journal of its subject."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from oncall import proofs
from oncall.models import Checklist, ChecklistItem, ChecklistTemplate
from portal import journal
from portal.accounts.models import User
from portal.errors import DomainError, Invalid
from portal.locking import locked_one
from portal.notify.contact import ContactMethod

SHIFT_TEMPLATE, ACCESS_TEMPLATE, PRODUCTION_TEMPLATE = "shift-checklist", "access-checklist", "production-incident"
REASON_AT_LEAST = 3  # characters


@transaction.atomic
def open_copy(
    template: ChecklistTemplate, *, about: str, title: str, person: User, at: datetime, due_at: datetime, ends_at: datetime
) -> tuple[Checklist, bool]:
    """The copy for this subject and person, and whether it is new. Safe to run twice at once."""
    checklist, new = Checklist.objects.get_or_create(
        template=template,
        about=about,
        person=person,
        defaults={"title": title, "opened_at": at, "due_at": due_at, "ends_at": ends_at, "template_version": template.version},
    )
    if new:
        ChecklistItem.objects.bulk_create(
            ChecklistItem(
                checklist=checklist,
                order=order,
                group=item.group,
                text=item.text,
                detail=item.detail,
                proof=item.proof,
                due_at=due_at - item.due_before if item.due_before else None,
            )
            for order, item in enumerate(template.items.all())
        )
    return checklist, new


def tick(item_id: int, *, by: User, at: datetime) -> ChecklistItem:
    """Done. Ticking again changes nothing. Raises: DomainError, a check ticks it and no click."""
    item = ChecklistItem.objects.get(pk=item_id)
    says, _ = proofs.found(item.proof)
    if says and item.state == ChecklistItem.State.OPEN:
        raise DomainError(f"“{item.text}” is ticked by {says}. If that cannot be done, skip it and say why.", code="needs_proof")
    return _settle(item_id, ChecklistItem.State.TICKED, by=by, at=at, reason="")


def prove(person: User, proof: str, *, by_what: str, at: datetime) -> int:
    """A check that `person` passed ticks every open item of theirs that asks for it; how many. In any transaction.

    proof: `test-page`, or `diagnostic:` and its name. by_what: such as “test page by e-mail”.
    """
    waiting = ChecklistItem.objects.filter(checklist__person=person, checklist__ends_at__gt=at, state=ChecklistItem.State.OPEN, proof=proof)
    ids = list(waiting.order_by("pk").values_list("pk", flat=True))
    for pk in ids:
        _settle(pk, ChecklistItem.State.TICKED, by=person, at=at, reason="", proved_by=by_what[:200])
    return len(ids)


def proved_by_tap(person: User, method: ContactMethod | None, at: datetime) -> None:
    """A page reached its person: what asks for a test page is ticked."""
    prove(person, proofs.TEST_PAGE, by_what=f"page tapped, by {method or 'e-mail'}", at=at)


def skip(item_id: int, reason: str, *, by: User, at: datetime) -> ChecklistItem:
    """Not done, and why. Raises: Invalid, no reason."""
    if len(reason.strip()) < REASON_AT_LEAST:
        raise Invalid("Say in a few words why this check is skipped.")
    return _settle(item_id, ChecklistItem.State.SKIPPED, by=by, at=at, reason=reason.strip()[:300])


@transaction.atomic
def untick(item_id: int, *, by: User, at: datetime) -> ChecklistItem:
    """Open again."""
    item = _locked(item_id)
    if item.state != ChecklistItem.State.OPEN:
        item.state, item.by, item.at, item.reason, item.proved_by = ChecklistItem.State.OPEN, None, None, "", ""
        item.save()
        journal.append(item.checklist.about, kind="tick", at=at, by=by, text=f"Opened again: {item.text}")
    return item


@transaction.atomic
def _settle(item_id: int, state: str, *, by: User, at: datetime, reason: str, proved_by: str = "") -> ChecklistItem:
    item = _locked(item_id)
    if item.state == state:
        return item
    if item.state != ChecklistItem.State.OPEN:
        raise DomainError(f"{item.by} already {item.get_state_display().lower()} “{item.text}”. Open it again first.", code="already_settled")
    item.state, item.by, item.at, item.reason, item.proved_by = state, by, at, reason, proved_by
    item.save()
    proven = f" ({proved_by})" if proved_by else ""
    told = f"Ticked: {item.text}{proven}" if state == ChecklistItem.State.TICKED else f"Skipped: {item.text} ({reason})"
    journal.append(item.checklist.about, kind="tick", at=at, by=by, text=told)
    return item


def _locked(item_id: int) -> ChecklistItem:
    return locked_one(ChecklistItem.objects.select_related("checklist", "by"), item_id)
