"""Workers say that they work. Proof that rows are being looked at, not only that a process is up."""

from __future__ import annotations

import socket
from datetime import timedelta

from portal import clock
from portal.models import Heartbeat

EVERY = timedelta(seconds=10)
SILENT_AFTER = timedelta(seconds=60)
BEAT = "beat"


def this_worker() -> str:
    return f"worker@{socket.gethostname()}"[:120]


def pulse(name: str) -> None:
    """Note that `name` works at this moment. 1-2 queries."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": clock.database_now()})


def ages() -> dict[str, float]:
    """Seconds since each worker and beat were seen, the youngest first; those silent for a day are forgotten. 1-2 queries."""
    now = clock.database_now()
    rows = Heartbeat.objects.filter(at__gt=now - timedelta(days=1)).order_by("-at")
    return {row.name: round((now - row.at).total_seconds(), 1) for row in rows}


def is_working(name_prefix: str) -> bool:
    """Some worker (or beat) of that name was seen in the last minute."""
    return any(name.startswith(name_prefix) and age <= SILENT_AFTER.total_seconds() for name, age in ages().items())
