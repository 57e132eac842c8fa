"""Pages that were held: sent once their time has come, no maintenance goes on, and what they are about still fires."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from incidents import paging, timeline
from incidents.alerts import pages, reconcile
from incidents.models import Incident
from incidents.models.incident import Status
from portal import due
from portal.locking import locked
from portal.models import Due

LEASE = timedelta(seconds=60)


def release(row: Due, now: datetime) -> None:
    """The handler of `incidents.held_page`: the source is asked where it can be, then whoever is on call is paged unless all is over."""
    incident = Incident.objects.filter(pk=row.key).first()
    if incident is not None:
        reconcile.ask_before_paging(incident, now)
    with transaction.atomic():
        found = next(iter(locked(Incident.objects.select_related("service__team").filter(pk=row.key))), None)
        if not due.settle(row) or found is None or found.status != Status.TRIAGE:
            return
        if found.quiet_since:
            timeline.append(found, kind="notice", at=now, by=None, text="Quiet again before its page was due: nobody was paged")
            return
        windows = pages.windows_over([found], now)
        if windows:
            pages.hold_for(windows[-1], found, at=now)
            return
        paging.begin(found, now)
