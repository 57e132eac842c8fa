"""Notice that this machine's clock was set back, and move what waits by as much, so that nothing waits an hour longer than it should.

Only on SQLite, whose clock is the host's own. On PostgreSQL leases run on the database's clock, rows are
due by whichever clock is ahead (`clock.latest`), and one host's clock moves nothing.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.db import connection
from django.db.models import F
from django.utils import timezone

from portal.models import Due

logger = logging.getLogger(__name__)

NOTICED = timedelta(seconds=5)  # smaller steps are a clock being kept


class Watch:
    """Compares the wall clock with the monotonic one, each time it is asked."""

    def __init__(self) -> None:
        self._apart = self._measure()

    def _measure(self) -> float:
        return timezone.now().timestamp() - time.monotonic()

    def jumped_back(self) -> timedelta:
        """By how much the wall clock was set back since it was asked last; zero if it was not."""
        before, self._apart = self._apart, self._measure()
        jump = timedelta(seconds=before - self._apart)
        return jump if jump >= NOTICED else timedelta(0)


def follow(jump: timedelta) -> int:
    """What waits, and the leases, are due earlier by `jump`; how many rows. 1 query on SQLite, none elsewhere."""
    if not jump or connection.vendor != "sqlite":
        return 0
    moved = Due.objects.update(due_at=F("due_at") - jump)
    logger.warning("the clock was set back; due rows follow", extra={"seconds": jump.total_seconds(), "rows": moved})
    return moved
