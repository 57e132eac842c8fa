"""What Prometheus may know of postmortems and action items."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count
from prometheus_client import Metric

from portal.metrics import gauge
from postmortems.models import ActionItem, Postmortem


def learning(now: datetime) -> Iterator[Metric]:
    """3 queries."""
    states = {(status,): float(n) for status, n in Postmortem.objects.order_by().values_list("status").annotate(Count("pk"))}
    yield gauge("postmortems", "Postmortems by status.", states, ["status"])
    items = {(status,): float(n) for status, n in ActionItem.objects.order_by().values_list("status").annotate(Count("pk"))}
    yield gauge("action_items", "Action items by status.", items, ["status"])
    yield gauge("action_items_overdue", "Unfinished action items whose due date has passed.", {(): float(ActionItem.objects.overdue(now).count())})
