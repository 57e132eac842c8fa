"""The pump: scans for due rows each second in every worker, whatever the broker does."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from django.db import DatabaseError, close_old_connections, connection

from portal import due, heartbeat, jumps, schema

logger = logging.getLogger(__name__)

EVERY = 1.0  # seconds
THREADS = {"paging": 8, "ingest": 2, "work": 2}  # long work never starves paging: each pool has its own threads
SCHEMA_EVERY = 30.0  # seconds


class Pump(threading.Thread):
    """Scans one pool until `stop` is set."""

    def __init__(self, pool: str, stop: threading.Event) -> None:
        super().__init__(name=f"pump-{pool}", daemon=True)
        self.pool, self.stop = pool, stop
        self.threads = THREADS.get(pool, 2)

    def run(self) -> None:
        checked = pulsed = float("-inf")
        newer = False
        watch = jumps.Watch()
        with ThreadPoolExecutor(self.threads, thread_name_prefix=f"{self.pool}") as executor:
            while not self.stop.is_set():
                close_old_connections()
                try:
                    if time.monotonic() - checked >= SCHEMA_EVERY:
                        checked, newer = time.monotonic(), schema.is_newer_than_code()
                    if self.pool == "paging" and time.monotonic() - pulsed >= heartbeat.EVERY.total_seconds():
                        pulsed = time.monotonic()
                        heartbeat.pulse(heartbeat.this_worker())
                        due.note_claims()
                    if self.pool == "paging":
                        jumps.follow(watch.jumped_back())
                    if not newer:
                        due.run(self.pool, executor=executor, limit=2 * self.threads)
                except DatabaseError as trouble:
                    logger.warning("pump waits for the database", extra={"pool": self.pool, "error": str(trouble)[:200]})
                    connection.close()
                except Exception:
                    logger.exception("pump stumbled", extra={"pool": self.pool})
                self.stop.wait(EVERY)
        connection.close()


def start() -> threading.Event:
    """Start one pump for each pool; set the returned event to stop them."""
    stop = threading.Event()
    for pool in sorted(due.pools()):
        Pump(pool, stop).start()
    return stop
