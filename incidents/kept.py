"""What alerts leave behind and is kept for a time: the raw requests. Episodes and timelines stay."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from incidents.models import Delivery
from portal.retention import Kind, kinds


def _worked_off(before: datetime) -> QuerySet[Delivery]:
    """Requests that were applied or given up; one that still waits stays."""
    return Delivery.objects.exclude(state=Delivery.State.RECEIVED).filter(received_at__lt=before)


def put_on_shelf() -> None:
    kinds.put("ledger", Kind("Raw requests of alert sources", 30, _worked_off, least=2, stays="episodes and the timeline"))
