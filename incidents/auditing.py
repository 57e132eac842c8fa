"""The pager watches itself: an incident that should be escalating and has no next step is found, said, and set going again."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, QuerySet
from django.db.models.functions import Cast

from incidents import timeline
from incidents.models import Incident
from incidents.models.incident import Status
from incidents.paging import ESCALATE, PASS_ON
from portal import due
from portal.models import Due

GRACE = timedelta(seconds=5)  # a transaction that is just being written
MOST = 50  # repaired in one audit


def stalled() -> QuerySet[Incident]:
    """SEV1 and SEV2 in triage that are to be paged and have no row that would do it. One query over the open ones."""
    rows = Due.objects.filter(kind__in=[ESCALATE, PASS_ON], key=Cast(OuterRef("pk"), CharField()), set_aside=False)
    waiting = Incident.objects.filter(status=Status.TRIAGE, severity__lte=2, paging_begun_at__isnull=False)
    return waiting.filter(~Exists(rows)).order_by("severity", "pk")


def audit(now: datetime) -> list[str]:
    """What is wrong with the escalations of open incidents; each is said on its timeline and its step is due at once. 1 query when all is well."""
    found = list(stalled().filter(paging_begun_at__lte=now - GRACE)[:MOST])
    for incident in found:
        _set_going(incident, now)
    exhausted = Incident.objects.filter(status=Status.TRIAGE, severity__lte=2, paging_begun_at=None, pages_begun__gt=0).count()
    said = [f"{incident.reference} was not escalated: its next step was missing and is taken now." for incident in found]
    return said + ([f"{exhausted} incidents were paged to everybody and nobody acknowledged."] if exhausted else [])


@transaction.atomic
def _set_going(incident: Incident, now: datetime) -> None:
    due.put(ESCALATE, str(incident.pk), at=now, priority=1)
    text = "The escalation had no next step. The audit noticed, and it goes on now."
    timeline.append(incident, kind="page_failed", at=now, by=None, text=text, data={"audit": True})
