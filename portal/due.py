"""What must happen, and when: rows claimed with a lease, settled in the transaction of their result.

    put()     in the transaction that makes it true
    claim()   commits before anything is done
    settle()  inside the transaction that writes the result; False means somebody else has it, write nothing

A crash at any line gives the row back when its lease ends. See docs/decisions/0001-rows-are-the-queue.md.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import uuid4

from django.db import DatabaseError, close_old_connections, transaction
from django.db.models import F

from portal import clock, doorbell, tally
from portal.models import Due, Hold

logger = logging.getLogger(__name__)

CRASHES_UNTIL_SET_ASIDE = 5
BACKOFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))  # after an exception in a handler
DATABASE_TROUBLE = timedelta(seconds=2)
SCAN_FOR = 20.0  # seconds; one scan never runs longer

Handler = Callable[[Due, datetime], None]


@dataclass(frozen=True, slots=True)
class Kind:
    """How rows of one kind are worked.

    handler: called with a claimed row and the domain's now, outside any transaction; it settles or postpones the row.
    on_expiry: `again`, a dead worker's row is handled anew; `lost`, it is handed to `lost` and never done twice.
    lost: also called when a row killed its worker five times and is set aside.
    """

    name: str
    handler: Handler
    lease: timedelta
    pool: str
    on_expiry: Literal["again", "lost"]
    lost: Handler | None


KINDS: dict[str, Kind] = {}


def register(
    name: str,
    handler: Handler,
    *,
    lease: timedelta,
    pool: str = "paging",
    on_expiry: Literal["again", "lost"] = "again",
    lost: Handler | None = None,
) -> None:
    """Called in `AppConfig.ready()`. Raises: ValueError, the name is taken by another handler."""
    if name in KINDS and KINDS[name].handler is not handler:
        raise ValueError(f"Two due kinds are called {name!r}.")
    KINDS[name] = Kind(name, handler, lease, pool, on_expiry, lost)


def put(kind: str, key: str, *, at: datetime, priority: int = 2) -> None:
    """Ask for `kind` of `key` at `at`. Asking again can only make it earlier. Safe to run twice at once. 1-2 queries."""
    known = KINDS[kind]
    row, new = Due.objects.get_or_create(
        kind=kind, key=key, defaults={"pool": known.pool, "due_at": at, "priority": priority, "lease_for": known.lease}
    )
    if not new:
        Due.objects.filter(pk=row.pk, lease=None, due_at__gt=at).update(due_at=at)
    transaction.on_commit(doorbell.ring, robust=True)


def put_new(kind: str, key: str, *, at: datetime, priority: int = 2) -> None:
    """The same for a key that cannot be there yet, that of a row which this transaction made. Raises: IntegrityError, it is. 1 query."""
    known = KINDS[kind]
    Due.objects.create(kind=kind, key=key, pool=known.pool, due_at=at, priority=priority, lease_for=known.lease)
    transaction.on_commit(doorbell.ring, robust=True)


def move(kind: str, key: str, *, at: datetime) -> bool:
    """Set the time of a row that nobody works on, earlier or later. False: there is none. 1 query."""
    moved = Due.objects.filter(kind=kind, key=key, lease=None).update(due_at=at)
    transaction.on_commit(doorbell.ring, robust=True)
    return moved == 1


def cancel(kind: str, keys: Iterable[str]) -> int:
    """Delete rows, claimed ones too: whoever holds one finds nothing to settle. 1 query."""
    return Due.objects.filter(kind=kind, key__in=list(keys)).delete()[0]


@transaction.atomic(durable=True)
def claim(pool: str, now: datetime, *, limit: int = 16) -> list[Due]:
    """Lease what is ripe, most urgent first; nobody else gets it before the lease ends. Committed on return.

    `now` is the domain's clock; the lease runs on the database's. A row whose last lease ran out comes with `expired` True.
    """
    leases_now = clock.database_now()
    kinds = [kind.name for kind in KINDS.values() if kind.pool == pool]
    ripe = Due.objects.ripe(pool, now, leases_now).filter(kind__in=kinds).order_by("priority", "due_at")
    rows = list(ripe.select_for_update(skip_locked=True)[:limit])
    token = uuid4()
    for row in rows:
        row.expired, row.lease = row.lease is not None, token
        row.attempts += 1
    lease_ends = leases_now + F("lease_for")
    fresh = [row.pk for row in rows if not row.expired]
    expired = [row.pk for row in rows if row.expired]
    if expired:
        tally.count("leases_expired", len(expired))
    if fresh:
        Due.objects.filter(pk__in=fresh).update(lease=token, due_at=lease_ends, attempts=F("attempts") + 1)
    if expired:
        Due.objects.filter(pk__in=expired).update(lease=token, due_at=lease_ends, attempts=F("attempts") + 1, crashes=F("crashes") + 1)
    return rows


def settle(row: Due) -> bool:
    """Inside the transaction that writes the result. False: the lease is no longer ours, or it was cancelled; write nothing."""
    return Due.objects.filter(pk=row.pk, lease=row.lease).delete()[0] == 1


def postpone(row: Due, at: datetime, *, error: str = "") -> bool:
    """Give the row back, due again at `at` (the domain's clock). False: the lease is no longer ours."""
    return Due.objects.filter(pk=row.pk, lease=row.lease).update(lease=None, due_at=at, crashes=0, last_error=error[:2000]) == 1


def put_off(row: Due, at: datetime) -> bool:
    """Give the row back before anything was tried: the claim does not count. False: the lease is no longer ours."""
    return Due.objects.filter(pk=row.pk, lease=row.lease).update(lease=None, due_at=at, attempts=F("attempts") - 1) == 1


def renew(row: Due) -> bool:
    """Hold the row for another lease from now; for work that may last longer. False: the lease is no longer ours."""
    return Due.objects.filter(pk=row.pk, lease=row.lease).update(due_at=clock.database_now() + F("lease_for")) == 1


def pools() -> set[str]:
    return {kind.pool for kind in KINDS.values()}


def run(pool: str, *, executor: Executor | None = None, limit: int = 16) -> int:
    """Work until nothing is due or 20 s have gone; how many rows were worked.

    Safe to call from anywhere, at any time, many times at once. With an `executor` a batch is worked by its threads.
    """
    worked, started = 0, time.monotonic()
    if pool == "paging" and Hold.objects.exists():  # restored from a copy: see portal/sending.py
        return 0
    while time.monotonic() - started < SCAN_FOR:
        rows = _timed_claim(pool, limit)
        if not rows:
            break
        if executor:
            list(executor.map(_work_in_thread, rows))
        else:
            for row in rows:
                work(row)
        worked += len(rows)
    return worked


_claims: list[float] = []  # seconds of each claim since they were last noted


def _timed_claim(pool: str, limit: int) -> list[Due]:
    started = time.monotonic()
    rows = claim(pool, clock.latest(), limit=limit)
    _claims.append(time.monotonic() - started)
    return rows


def note_claims() -> None:
    """Add this process's claims and the time they took to the tallies; the pump does so with each pulse. 2 queries."""
    seconds, _claims[:] = list(_claims), []
    if seconds:
        tally.count("claims", len(seconds))
        tally.count("claim_seconds", sum(seconds))


def work(row: Due) -> None:
    """Work one claimed row. An exception is written to it and the row pushed back; the others go on."""
    kind, now = KINDS[row.kind], clock.latest()
    try:
        if row.expired and row.crashes + 1 >= CRASHES_UNTIL_SET_ASIDE:
            _set_aside(row, kind, now)
        elif row.expired and kind.on_expiry == "lost" and kind.lost:
            kind.lost(row, now)
        else:
            kind.handler(row, now)
    except DatabaseError as trouble:
        logger.warning("due row met database trouble", extra={"kind": row.kind, "key": row.key, "error": str(trouble)[:200]})
        postpone(row, now + DATABASE_TROUBLE, error=repr(trouble))
    except Exception as bug:
        logger.exception("due row failed", extra={"kind": row.kind, "key": row.key})
        postpone(row, now + BACKOFF[min(row.attempts, len(BACKOFF)) - 1], error=repr(bug))


def _set_aside(row: Due, kind: Kind, now: datetime) -> None:
    """It killed its worker too often: leave it for people, and let its owner go on past it."""
    Due.objects.filter(pk=row.pk, lease=row.lease).update(set_aside=True, lease=None, last_error="Its worker died five times.")
    logger.error("due row set aside", extra={"kind": row.kind, "key": row.key})
    if kind.lost:
        kind.lost(row, now)


def _work_in_thread(row: Due) -> None:
    close_old_connections()
    try:
        work(row)
    finally:
        close_old_connections()
