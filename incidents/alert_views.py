"""Pages of alerts: what fires and what was made of it."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from incidents import policies
from incidents.alerts import ledger
from incidents.models import Alert, Delivery, Episode, Source
from portal import clock
from portal.accounts.acting import acting
from portal.errors import require

SHOWN = 100
BODY_SHOWN = 64_000  # characters


@require_safe
def alert_list(request: HttpRequest) -> HttpResponse:
    """Firing alerts, worst first, with their incident; sources with their last word; requests that could not be used."""
    open_ones = Episode.objects.filter(ended_at=None, alert__in=Alert.objects.visible_to(acting(request)))
    context = {
        "episodes": open_ones.select_related("alert__service", "alert__source", "incident").order_by("alert__severity", "-started_at")[:SHOWN],
        "sources": Source.objects.with_last_delivery(),
        "problems": _problems()[:20],
        "now": clock.now(),
    }
    return render(request, "alerts/list.html", context)


def _problems() -> Any:
    found = Delivery.objects.filter(understood=False) | Delivery.objects.filter(state=Delivery.State.FAILED)
    return found.select_related("source").defer("body").order_by("-received_at")


@require_safe
def alert_detail(request: HttpRequest, pk: int) -> HttpResponse:
    visible = Alert.objects.visible_to(acting(request)).select_related("source", "service")
    alert = get_object_or_404(visible, pk=pk)
    context = {
        "alert": alert,
        "episodes": alert.episodes.select_related("incident")[:SHOWN],
        "observations": alert.observations.select_related("delivery__source").defer("delivery__body").order_by("-received_at")[:SHOWN],
        "may_read_bodies": policies.can_read_bodies(acting(request)),
        "now": clock.now(),
    }
    return render(request, "alerts/detail.html", context)


@require_safe
def delivery_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One request of the ledger, with its raw body."""
    require(policies.can_read_bodies(acting(request)), "Only administrators read raw requests: they may speak of restricted incidents.")
    delivery = get_object_or_404(Delivery.objects.select_related("source"), pk=pk)
    text = ledger.body_of(delivery).decode("utf-8", "replace")
    with contextlib.suppress(ValueError, RecursionError):  # else it is shown as it came
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return render(request, "alerts/delivery.html", {"delivery": delivery, "body": text[:BODY_SHOWN], "now": clock.now()})
