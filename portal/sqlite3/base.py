"""Writers wait for their turn without starving.

SQLite's own wait looks again every 100 ms at last: beside writers that begin again at once it can miss every gap for as long as its
timeout, and the transaction is lost to "database is locked". A transaction here asks for the lock itself, every few milliseconds,
so that among 8 busy writers each finds a gap within a second or two. What is written outside a transaction waits as SQLite does.
"""

from __future__ import annotations

import random
import time
from typing import Any

from django.db import OperationalError
from django.db.backends.sqlite3 import base

EACH = 0.004  # seconds between two looks, ± half


class DatabaseWrapper(base.DatabaseWrapper):
    def _start_transaction_under_autocommit(self) -> None:
        """`BEGIN IMMEDIATE`, again and again until `timeout` (seconds) is over. Raises: OperationalError, it is still locked then."""
        until = time.monotonic() + self.settings_dict["OPTIONS"].get("timeout", 5.0)
        link: Any = self.connection  # itself: what only tunes the wait is no query of the page
        [(patience,)] = link.execute("PRAGMA busy_timeout").fetchall()
        link.execute("PRAGMA busy_timeout = 0")
        try:
            while not self._began(until):
                time.sleep(EACH * random.uniform(0.5, 1.5))  # noqa: S311  (spreads the looks)
        finally:
            link.execute(f"PRAGMA busy_timeout = {patience}")

    def _began(self, until: float) -> bool:
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except OperationalError as taken:
            if "locked" not in str(taken) or time.monotonic() > until:
                raise
            return False
        return True
