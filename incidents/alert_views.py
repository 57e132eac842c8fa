"""Pages of alerts: what fires and waits, what was made of each request, the sources and the rules."""

from __future__ import annotations

import contextlib
import json
from datetime import datetime, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from incidents import policies
from incidents.alerts import assessment, hops, inbox, ingest, ledger, replay, value
from incidents.forms import Taken
from incidents.models import Alert, AlertRule, Delivery, Episode, MaintenanceWindow, SeverityRule, Source
from portal import clock
from portal.accounts.acting import acting
from portal.accounts.roles import Role
from portal.errors import Invalid, require
from portal.notify.models import Message

PAGE = 50
SHOWN = 100
BODY_SHOWN = 64_000  # characters


@require_safe
def alert_list(request: HttpRequest) -> HttpResponse:
    """What fires, what has no incident, what ended, and requests that could not be used."""
    user, now = acting(request), clock.now()
    show = request.GET.get("show", "open")
    show, wanted = (show if show in inbox.SHOWS else "open"), request.GET.get("q", "").strip()[:200]
    found = inbox.episodes(user, show, now, wanted=wanted) if show != "problems" else Episode.objects.none()
    page = Paginator(found.select_related("alert__service", "alert__source", "incident"), PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "show": show,
        "shows": inbox.SHOWS,
        "wanted": wanted,
        "sources": list(Source.objects.with_last_delivery()),
        "problems": list(_problems()[:20]),
        "incidents": list(inbox.open_incidents(user)[:SHOWN]) if show == "inbox" else [],
        "may_take": user.at_least(Role.RESPONDER),
        "may_read_bodies": policies.can_read_bodies(user),
        "now": now,
    }
    return render(request, "alerts/list.html", context)


def _problems() -> Any:
    found = Delivery.objects.filter(understood=False) | Delivery.objects.filter(state=Delivery.State.FAILED)
    return found.select_related("source").defer("body").order_by("-received_at")


@require_POST
def alert_take(request: HttpRequest) -> HttpResponse:
    """Alerts of the inbox become an incident, or join one."""
    user, now = acting(request), clock.now()
    require(user.at_least(Role.RESPONDER), "Responders may do that; your role only reads and declares.")
    form = Taken(request.POST)
    if not form.is_valid():
        raise Invalid("Choose at least one alert.")
    visible = Episode.objects.filter(pk__in=form.cleaned_data["episodes"], alert__in=Alert.objects.visible_to(user))
    ids = list(visible.values_list("pk", flat=True))
    into = form.cleaned_data["incident"]
    if into:
        target = get_object_or_404(inbox.open_incidents(user), pk=into)
        incident = inbox.attach(ids, target.pk, by=user, at=now)
    else:
        incident = inbox.declare(ids, by=user, at=now)
    return redirect("incident-detail", pk=incident.pk)


@require_safe
def alert_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One alert: each request that told of it, its episodes, the pages sent for it."""
    user = acting(request)
    alert = get_object_or_404(Alert.objects.visible_to(user).select_related("source", "service"), pk=pk)
    episodes = list(alert.episodes.select_related("incident", "judged_by")[:SHOWN])
    subjects = {f"incident:{episode.incident_id}" for episode in episodes[:5] if episode.incident_id}
    context = {
        "alert": alert,
        "episodes": episodes,
        "current": next((episode for episode in episodes if episode.ended_at is None), None),
        "uses": Episode.Use.choices,
        "worth": inbox.worth(alert),
        "observations": alert.observations.select_related("delivery__source").defer("delivery__body").order_by("-received_at")[:SHOWN],
        "messages": Message.objects.filter(about__in=subjects, purpose="page").select_related("recipient").order_by("-pk")[:20],
        "may_read_bodies": policies.can_read_bodies(user),
        "may_judge": user.at_least(Role.RESPONDER),
        "now": clock.now(),
    }
    return render(request, "alerts/detail.html", context)


@require_POST
def episode_judge(request: HttpRequest, pk: int) -> HttpResponse:
    """One tap: acted on, noise, duplicate, known."""
    user = acting(request)
    require(user.at_least(Role.RESPONDER), "Responders may do that; your role only reads and declares.")
    episode = get_object_or_404(Episode, pk=pk, alert__in=Alert.objects.visible_to(user))
    inbox.judge(episode.pk, request.POST.get("use", ""), by=user, at=clock.now())
    return redirect("alert-detail", pk=episode.alert_id)


@require_safe
def alert_value(request: HttpRequest) -> HttpResponse:
    """The month's list: rules to repair or to delete. `?month=2026-03`, this month if none."""
    now = clock.now()
    since = _month(request.GET.get("month", ""), now)
    until = (since + timedelta(days=32)).replace(day=1)
    context = {"since": since, "before": since - timedelta(days=1), "after": until, "now": now}
    return render(request, "alerts/value.html", {**context, "rules": value.worst(Alert.objects.visible_to(acting(request)), since, until)})


def _month(text: str, now: datetime) -> datetime:
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    with contextlib.suppress(ValueError):
        named = datetime.strptime(text, "%Y-%m").replace(tzinfo=first.tzinfo)
        return named if 2000 < named.year < 3000 else first
    return first


@require_safe
def source_list(request: HttpRequest) -> HttpResponse:
    """Where alerts come from, and whether each is well."""
    tested = hops.newest()
    context = {
        "sources": [(source, tested.get(source.pk)) for source in Source.objects.with_last_delivery().select_related("default_service")],
        "may_change": acting(request).at_least(Role.ADMIN),
        "now": clock.now(),
    }
    return render(request, "alerts/sources.html", context)


@require_POST
def source_test(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a test alert through the source's Alertmanager."""
    require(acting(request).at_least(Role.ADMIN), "Only administrators send test alerts.")
    hops.send(get_object_or_404(Source, pk=pk), now=clock.now())
    return redirect("source-list")


@require_safe
def rule_list(request: HttpRequest) -> HttpResponse:
    """Everything that decides about an alert: rules, severities, maintenance; the policy with the rate as it is now."""
    now, levels = clock.now(), assessment.levels()
    context = {
        "rules": AlertRule.objects.select_related("source", "service"),
        "severities": SeverityRule.objects.select_related("source"),
        "windows": MaintenanceWindow.objects.filter(ends_at__gt=now, cancelled_at=None).select_related("service", "created_by"),
        "levels": levels,
        "rate": assessment.rate_now(levels),
        "may_change": acting(request).at_least(Role.ADMIN),
        "now": now,
    }
    return render(request, "alerts/rules.html", context)


@require_safe
def delivery_list(request: HttpRequest) -> HttpResponse:
    """The ledger, newest first; `?state=failed` or `?state=unclear` narrows it."""
    require(policies.can_read_bodies(acting(request)), "Only administrators read raw requests: they may speak of restricted incidents.")
    found = Delivery.objects.select_related("source").defer("body")
    state = request.GET.get("state", "")
    if state in Delivery.State.values:
        found = found.filter(state=state)
    elif state == "unclear":
        found = found.filter(understood=False)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    return render(request, "alerts/deliveries.html", {"page": page, "state": state, "states": Delivery.State.choices, "now": clock.now()})


@require_safe
def delivery_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One request of the ledger, with its raw body; `?now` adds what would happen if it came now."""
    require(policies.can_read_bodies(acting(request)), "Only administrators read raw requests: they may speak of restricted incidents.")
    delivery = get_object_or_404(Delivery.objects.select_related("source__default_service__team"), pk=pk)
    text = ledger.body_of(delivery).decode("utf-8", "replace")
    with contextlib.suppress(ValueError, RecursionError):  # else it is shown as it came
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    outcome = replay.dry_run(delivery, now=clock.now()) if "now" in request.GET else None
    observations = delivery.observations.select_related("alert").order_by("position")[:SHOWN]
    context = {"delivery": delivery, "body": text[:BODY_SHOWN], "outcome": outcome, "observations": observations, "now": clock.now()}
    return render(request, "alerts/delivery.html", context)


@require_POST
def delivery_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Work it off again; what was applied already changes nothing."""
    require(policies.can_read_bodies(acting(request)), "Only administrators replay requests.")
    ingest.again(get_object_or_404(Delivery.objects.defer("body"), pk=pk), at=clock.now())
    return redirect("delivery-detail", pk=pk)
