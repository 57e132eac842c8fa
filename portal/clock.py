"""What time it is: the one place that reads the clock, with an offset for rehearsals.

Edges (views, tasks, admin, commands) call `now()` and hand the time on; stories take it as an argument.
Leases never use the offset: they are compared with `database_now()`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from portal.settings.environment import parse_duration


def offset() -> timedelta:
    """How far the domain's clock is ahead of the host's: PORTAL_CLOCK_OFFSET plus what `manage.py clock` wrote. Always 0 in production."""
    if settings.PRODUCTION:
        return timedelta()
    written = timedelta()
    if settings.CLOCK_OFFSET_FILE:
        with contextlib.suppress(OSError, ValueError):
            written = parse_duration(settings.CLOCK_OFFSET_FILE.read_text())
    return written + settings.CLOCK_OFFSET


_standing: ContextVar[datetime | None] = ContextVar("a moment at which the clock stands", default=None)


@contextlib.contextmanager
def standing(at: datetime) -> Iterator[None]:
    """The clock of this thread stands still at `at`: how the demo plays what happened three weeks ago. Leases go on running."""
    token = _standing.set(at)
    try:
        yield
    finally:
        _standing.reset(token)


def now() -> datetime:
    """The domain's present moment, aware, UTC."""
    return _standing.get() or timezone.now() + offset()


def latest() -> datetime:
    """The domain's present moment by whichever clock is ahead, this host's or PostgreSQL's: what is due waits for no host that was set back."""
    if _standing.get() or connection.vendor != "postgresql":
        return now()
    ahead = database_now() - timezone.now()  # asked in this order, so that two right clocks are not a moment apart
    return now() + max(ahead, timedelta())


def database_now() -> datetime:
    """The moment on which all hosts agree: PostgreSQL's clock, or the host's on SQLite. For leases. 1 query on PostgreSQL."""
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment
