"""Retention: what is thrown away after how long, tried without doing first.

Stories are never thrown away: incidents, timelines, postmortems, decisions, history of edits. What goes is the raw material beside them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from portal import due
from portal.accounts.models import User
from portal.errors import Invalid
from portal.models import Due, Retention
from portal.shelves import Shelf

PURGE = "portal.purge"
KEY = "daily"
LEASE = timedelta(minutes=10)
AT_HOUR = 3  # UTC
BATCH = 500  # rows in one transaction: a purge never holds up a page


def delete(rows: QuerySet[Any]) -> int:
    """How many rows of that queryset went, not counting what hung on them."""
    _, by_model = rows.delete()
    return by_model.get(rows.model._meta.label, 0)


@dataclass(frozen=True, slots=True)
class Kind:
    """rows: what is older than a moment (excluded), as a queryset. shed: takes a batch of it away, or empties it, and says how many.

    days: kept that long unless an administrator says otherwise. least: no setting is shorter. stays: what remains.
    """

    label: str
    days: int
    rows: Callable[[datetime], QuerySet[Any]]
    shed: Callable[[QuerySet[Any]], int] = delete
    least: int = 1
    stays: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One kind as it stands. days None: kept for ever. going: rows that a purge would take now."""

    name: str
    kind: Kind
    days: int | None
    going: int


kinds: Shelf[Kind] = Shelf("kinds that are kept for a time")


def lay_out(at: datetime) -> str:
    """A chapter of `seed`: a row for each kind that has none."""
    known = set(Retention.objects.values_list("kind", flat=True))
    made = Retention.objects.bulk_create(Retention(kind=name, days=kind.days) for name, kind in kinds if name not in known)
    return f"{len(made)} retention settings" if made else ""


def plan(now: datetime, *, only: str = "") -> list[Line]:
    """What a purge at `now` would do, kind by kind; changes nothing. 1 query and 1 for each kind. Raises: Invalid, an unknown kind."""
    if only and only not in kinds:
        raise Invalid(f"There is no kind “{only}”. Kinds are {', '.join(name for name, _ in kinds)}.")
    kept = dict(Retention.objects.values_list("kind", "days"))
    found = []
    for name, kind in kinds:
        if only in {"", name}:
            days = kept.get(name, kind.days)
            found.append(Line(name, kind, days, 0 if days is None else kind.rows(now - timedelta(days=days)).count()))
    return found


def purge(now: datetime, *, only: str = "", batch: int = BATCH) -> dict[str, int]:
    """Take away what is older than its days; how many, by kind. In small transactions, so safe to stop and run again, or twice at once."""
    return {line.name: _shed(line.kind, now - timedelta(days=line.days), batch) for line in plan(now, only=only) if line.days is not None}


def _shed(kind: Kind, before: datetime, batch: int) -> int:
    gone = 0
    while True:
        with transaction.atomic():
            keys = list(kind.rows(before).order_by("pk").values_list("pk", flat=True)[:batch])
            gone += kind.shed(kind.rows(before).filter(pk__in=keys)) if keys else 0
        if len(keys) < batch:
            return gone


def check(name: str, days: int | None) -> None:
    """Raises: Invalid, an unknown kind or fewer days than its least."""
    kind = kinds.get(name)
    if kind is None:
        raise Invalid(f"There is no kind “{name}”.")
    if days is not None and days < kind.least:
        raise Invalid(f"{kind.label} must be kept for {kind.least} days at least.")


def keep(name: str, days: int | None, *, by: User, at: datetime) -> None:
    """Keep a kind for so many days, None for ever. Raises: Invalid (see `check`). 2 queries."""
    check(name, days)
    Retention.objects.update_or_create(kind=name, defaults={"days": days, "changed_by": by, "changed_at": at})


def ask_for_tonight(now: datetime) -> None:
    """A due row for the next night; beat asks every hour, which changes nothing while one waits."""
    tonight = now.astimezone(UTC).replace(hour=AT_HOUR, minute=17, second=0, microsecond=0)
    due.put(PURGE, KEY, at=tonight if tonight > now else tonight + timedelta(days=1), priority=3)


def handle(row: Due, now: datetime) -> None:
    """The handler of `portal.purge`."""
    purge(now)
    due.settle(row)
