"""What the portal itself knows and a diagnostic asks for: told by the worker, because the process that looks has no database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from portal.shelves import Shelf
from runbooks.models import Change, DiagnosticRun

Facts = Callable[[DiagnosticRun, datetime], dict[str, Any]]
facts: Shelf[Facts] = Shelf("facts for diagnostics")  # by the diagnostic's slug

CHANGES_AT_MOST = 200


def told(run: DiagnosticRun, at: datetime) -> dict[str, Any]:
    """Plain JSON values; {} for most. 0-1 query."""
    tell = facts.get(run.diagnostic)
    return tell(run, at) if tell else {}


def last_look(run: DiagnosticRun, at: datetime) -> dict[str, Any]:
    """The numbers of the run before this one on the same target, and how long ago: what growth is measured from."""
    earlier = DiagnosticRun.objects.filter(diagnostic=run.diagnostic, target=run.target, state=DiagnosticRun.State.DONE, pk__lt=run.pk)
    last = earlier.order_by("-pk").values("result", "finished_at").first()
    if not last or not last["finished_at"] or not last["result"].get("numbers"):
        return {}
    return {"numbers": last["result"]["numbers"], "seconds_ago": (at - last["finished_at"]).total_seconds()}


def recorded_changes(run: DiagnosticRun, at: datetime) -> dict[str, Any]:
    """Changes told to the portal within the run's `hours`, newest first."""
    since = at - timedelta(hours=run.parameters["hours"])
    found = Change.objects.between(since, at + timedelta(seconds=1)).select_related("service")[:CHANGES_AT_MOST]
    rows = [
        {
            "at": change.at.isoformat(),
            "kind": change.get_kind_display(),
            "service": change.service.slug if change.service else "",
            "title": change.title,
            "version": change.version,
            "author": change.author,
        }
        for change in found
    ]
    return {"changes": rows, "now": at.isoformat()}
