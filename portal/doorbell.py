"""Ring for the workers: a hint through Celery that may be lost, doubled or late. The pump finds the rows anyway.

It must never hold a request: a frozen broker is waited for 0.5 s once, then left alone for 5 s (reliability.md section 3).
"""

from __future__ import annotations

import contextlib
import logging
import time

from django.conf import settings
from django.db import DatabaseError

from portal import tally

logger = logging.getLogger(__name__)

QUIET_AFTER_FAILURE = 5.0  # seconds
failures = 0
_quiet_until = 0.0


def ring() -> None:
    """Send the task `portal.dispatch`. Swallows and counts every error. Does nothing without a broker between processes."""
    global failures, _quiet_until
    if settings.BROKER_URL.startswith("memory:") or time.monotonic() < _quiet_until:
        return
    from portal.celery import app

    try:
        app.send_task("portal.dispatch", expires=30, retry=False, ignore_result=True)
    except Exception as trouble:  # kombu, redis and the socket each have their own; none may reach the request
        failures += 1
        _quiet_until = time.monotonic() + QUIET_AFTER_FAILURE
        with contextlib.suppress(DatabaseError):
            tally.count("doorbells_failed")
        logger.warning("doorbell failed", extra={"error": str(trouble)[:200]})
