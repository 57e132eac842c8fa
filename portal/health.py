"""Is this process up, and can it do its work?"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from portal import clock, doorbell, heartbeat, schema
from portal.models import Due

LATE = timedelta(seconds=60)  # a row due for longer than this means that paging is late


def late_by(now: datetime) -> float:
    """Seconds that the oldest due row which nobody works on is late; 0 when nothing waits. 1 query."""
    oldest = Due.objects.filter(lease=None, set_aside=False).order_by("due_at").values_list("due_at", flat=True).first()
    return max((now - oldest).total_seconds(), 0.0) if oldest else 0.0


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200: the process answers. Touches nothing else."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 unless the database does not answer or its schema is not ours. With `?paging=1` also 503 while due rows are late.

    A frozen Redis must not take the hook out of the balancer, so workers and the broker count only with `?paging=1`.
    """
    now = clock.now()
    try:
        missing, unknown = schema.missing_migrations(), schema.unknown_migrations()
        late = late_by(now)
        set_aside = Due.objects.filter(set_aside=True).count()
        seen = heartbeat.ages()
    except DatabaseError:
        connection.close()
        return JsonResponse({"status": "unavailable", "detail": "The database does not answer."}, status=503)
    works = any(name.startswith("worker@") and age <= heartbeat.SILENT_AFTER.total_seconds() for name, age in seen.items())
    paging_ok = works and late < LATE.total_seconds() and not set_aside
    ready = not missing and not unknown and (paging_ok or request.GET.get("paging") != "1")
    return JsonResponse(
        {
            "status": "ready" if ready else "not ready",
            "schema": {"missing": len(missing), "unknown": len(unknown)},
            "paging": {"ok": paging_ok, "worker": works, "oldest_due_row_late_by_seconds": round(late, 1), "rows_set_aside": set_aside},
            "seen_seconds_ago": seen,
            "doorbell_failures": doorbell.failures,
        },
        status=200 if ready else 503,
    )
