"""Which action items a list shows: filters that stand in its address, the board's columns, the table that is taken away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Q

from portal.accounts.models import User
from postmortems.models import ActionItem
from postmortems.models.action_item import UNFINISHED, ActionItemQuerySet

STATES = {"open": "Open", "overdue": "Overdue", "verify": "Did it hold?", "unowned": "Without owner", "done": "Finished", "all": "All"}
ON_BOARD = 50  # cards in a column; the rest is in the table


@dataclass(frozen=True, slots=True)
class Wanted:
    """A list as its address says it; "" for any."""

    state: str = "open"
    owner: str = ""  # "me" or a person's key
    team: str = ""  # slug
    type: str = ""
    origin: str = ""
    view: str = ""

    @property
    def board(self) -> bool:
        return self.view == "board"


def wanted(asked: Mapping[str, str]) -> Wanted:
    """What makes no sense is left out."""
    found = Wanted(**{name: asked.get(name, "")[:60].replace("\x00", "") for name in ("owner", "team", "type", "origin", "view")})
    state = asked.get("state", "open")
    return Wanted(**(asdict(found) | {"state": state if state in STATES else "open"}))


def chosen(found: ActionItemQuerySet, asked: Wanted, *, user: User, now: datetime) -> ActionItemQuerySet:
    """1 query more for overdue ones (the zones of their owners)."""
    shown = {
        "overdue": lambda: found.overdue(now),
        "verify": lambda: found.filter(status=ActionItem.Status.DONE),
        "unowned": lambda: found.unfinished().filter(Q(owner=None) | Q(due_on=None)),
        "done": lambda: found.exclude(status__in=UNFINISHED),
        "all": lambda: found,
    }.get(asked.state, found.unfinished)()
    if asked.owner == "me":
        shown = shown.filter(owner=user)
    elif asked.owner.isdecimal():
        shown = shown.filter(owner=int(asked.owner[:12]))
    if asked.team:
        shown = shown.filter(team__slug=asked.team)
    if asked.type in ActionItem.Type.values:
        shown = shown.filter(type=asked.type)
    if asked.origin in ActionItem.Origin.values:
        shown = shown.filter(origin=asked.origin)
    return shown


def counts(found: ActionItemQuerySet, *, user: User, now: datetime) -> dict[str, int]:
    """For the heads of the list. 3 queries."""
    open_ones = Q(status__in=UNFINISHED)
    numbers: dict[str, int] = found.aggregate(
        open=Count("pk", filter=open_ones),
        mine=Count("pk", filter=open_ones & Q(owner=user)),
        verify=Count("pk", filter=Q(status=ActionItem.Status.DONE)),
        unowned=Count("pk", filter=open_ones & (Q(owner=None) | Q(due_on=None))),
    )
    return numbers | {"overdue": found.overdue(now).count()}


def columns(shown: ActionItemQuerySet, now: datetime) -> list[tuple[str, list[tuple[ActionItem, int]]]]:
    """The board: (heading, cards with their days late) for each state that the filters leave."""
    cards: dict[str, list[tuple[ActionItem, int]]] = {label: [] for label in ActionItem.Status.labels}
    for item in shown[: ON_BOARD * len(cards)]:
        if len(cards[item.get_status_display()]) < ON_BOARD:
            cards[item.get_status_display()].append((item, item.days_late(now)))
    return list(cards.items())


def table(items: Iterable[ActionItem], now: datetime) -> Iterator[list[object]]:
    yield ["ID", "Title", "State", "Type", "Priority", "Owner", "Team", "Due", "Days late", "Moved", "Evidence", "From", "Address"]
    for item in items:
        yield [
            item.reference, item.title, item.get_status_display(), item.get_type_display(), item.get_priority_display(), item.owner or "",
            item.team or "", item.due_on or "", item.days_late(now), item.times_moved, item.evidence,
            item.postmortem.reference if item.postmortem else item.get_origin_display(), f"{settings.BASE_URL}/actions/{item.pk}/",
        ]  # fmt: skip
