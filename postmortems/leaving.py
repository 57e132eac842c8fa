"""When somebody leaves, nothing that they owned is forgotten: it falls to the lead of its team, loudly."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from portal import journal
from portal.accounts.leaving import Duty
from portal.accounts.models import User
from portal.errors import DomainError
from portal.locking import locked, locked_one
from postmortems import chasing, searching
from postmortems.models import ActionItem, Reminder


def take_over_from_the_departed(now: datetime) -> int:
    """Give the items of everybody who is no longer active to a lead; how many. Safe to run again. 1 query when there are none."""
    orphans = ActionItem.objects.filter(owner__is_active=False, next_reminder_at__isnull=False)
    return sum(_take_over(pk, now) for pk in list(orphans.values_list("pk", flat=True)))


@transaction.atomic
def _take_over(item_id: int, now: datetime) -> int:
    item = locked_one(ActionItem.objects.select_related("owner", "team"), item_id)
    left = item.owner
    if left is None or left.is_active:
        return 0
    lead = item.team.leads().first() if item.team else None
    story = f"{left} has left; {lead} leads {item.team} and owns it now" if lead else f"{left} has left and no lead is there to own it"
    _give(item, lead, by=None, at=now, story=story)
    return 1


def held(person: User, now: datetime) -> list[str]:
    """How much they would leave to their leads. 1 query."""
    count = ActionItem.objects.filter(owner=person, next_reminder_at__isnull=False).count()
    return [f"owns {count} unfinished action item{'s' if count > 1 else ''}"] if count else []


@transaction.atomic
def hand_over(person: User, to: User, *, by: User, at: datetime) -> int:
    """Give every unfinished or unverified item of `person` to `to`, as one answers when a person is deactivated; how many."""
    mine = locked(ActionItem.objects.select_related("owner", "team").filter(owner=person, next_reminder_at__isnull=False).order_by("pk"))
    for item in mine:
        _give(item, to, by=by, at=at, story=f"Handed over from {person} to {to}")
    return len(mine)


@transaction.atomic
def give(item_id: int, to: User, *, by: User, at: datetime) -> ActionItem:
    """Another owner, who is told in the next digest; giving it to its owner changes nothing. Raises: DomainError, finished already."""
    item = locked_one(ActionItem.objects.select_related("owner", "team"), item_id)
    if item.is_finished:
        raise DomainError(f"{item.reference} is {item.get_status_display().lower()}; it needs no other owner.", code="finished")
    if item.owner_id != to.pk:
        _give(item, to, by=by, at=at, story=f"Given to {to}")
    return item


def _give(item: ActionItem, to: User | None, *, by: User | None, at: datetime, story: str) -> None:
    item.owner = to
    item.version += 1
    chasing.reschedule(item, now=at)
    item.save()
    journal.append(item.subject, kind="owner", at=at, by=by, text=story)
    searching.index_item(item)
    if to is not None:  # said in the new owner's next digest
        Reminder.objects.get_or_create(
            asks=Reminder.Asks.OWN, item=item, rung=0, due_on=at.date(), as_lead=False, defaults={"person": to, "settled_at": at}
        )


DUTY = Duty(held, hand_over, must=False)  # otherwise they fall to the lead of their team
