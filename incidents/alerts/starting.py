"""What alerts put on the shelves of the frame; called once, in `AppConfig.ready()`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from incidents.alerts import asking, assessment, health, heartbeats, held, ingest, ledger, pages, reconcile, severity, similar, storms
from incidents.models import Incident
from incidents.panels import IncidentPanel, after
from portal import due
from portal.accounts.models import User
from portal.doctor import CHECKS, Check
from portal.seeding import chapters


def put_on_shelves() -> None:
    due.register(ledger.INGEST, ingest.handle, lease=ingest.LEASE, pool="ingest", lost=ingest.give_up)
    due.register(pages.HELD, held.release, lease=held.LEASE)
    due.register(storms.GATHER, storms.gather, lease=storms.LEASE)
    due.register(heartbeats.CHECK, heartbeats.check, lease=heartbeats.LEASE)
    due.register(asking.RECONCILE, reconcile.run, lease=reconcile.LEASE, pool="work")
    chapters.put("severity rules", severity.lay_out)
    chapters.put("severity levels", assessment.lay_out)
    after.put("similar", IncidentPanel("alerts/_similar.html", _similar))
    CHECKS.put("alert sources", Check(health.check, about="paging"))


def _similar(user: User, incident: Incident, now: datetime) -> dict[str, Any] | None:
    found = similar.similar_to(incident, user)
    return {"similar": found} if found else None
