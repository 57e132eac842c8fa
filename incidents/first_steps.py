"""The first steps of happening: alerts arrive, and an incident was practised."""

from __future__ import annotations

from datetime import datetime

from django.urls import NoReverseMatch, reverse

from incidents.models import Incident
from incidents.models.alert import Delivery
from portal.first_steps import STEPS, Step


def put_on_shelf() -> None:
    """Called in `AppConfig.ready()`."""
    how = "manage.py create_source main prints the address and the token for Alertmanager; deploy/prometheus has rules to begin with."
    STEPS.put("alerts", Step("Set up alerting rules", how, _received, lambda: reverse("alert-list"), order=10))
    how = "Play one through once a month: detection under 5, mitigation under 15, resolution under 30 minutes."
    STEPS.put("simulation", Step("Run an incident simulation", how, _practised, _where_to_practise, order=30))


def _received(now: datetime) -> str:
    first = Delivery.objects.order_by("pk").select_related("source").first()
    return f"“{first.source}” sent its first request on {first.received_at:%d %b %Y}" if first else ""


def _practised(now: datetime) -> str:
    drill = Incident.objects.filter(kind=Incident.Kind.DRILL, resolved_at__isnull=False).order_by("pk").first()
    return f"{drill.reference} was played to its end" if drill else ""


def _where_to_practise() -> str:
    try:
        return reverse("drill-list")
    except NoReverseMatch:
        return reverse("incident-list")
