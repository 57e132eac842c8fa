"""Pages of incidents: the list, declaring one, and the page from which one is run."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from incidents import lifecycle, milestones, paging, phases, policies, timeline
from incidents.forms import Declaration, Move, NewSeverity, Note
from incidents.models import Episode, Incident
from incidents.models.incident import Severity, Status
from incidents.panels import after
from oncall.models import Service
from portal import clock
from portal.accounts.acting import acting
from portal.errors import Invalid, require
from runbooks import matching
from runbooks.matching import Match

PER_PAGE = 50
STATES = {"open": "Open", "resolved": "Resolved", "all": "All"}


@require_safe
def incident_list(request: HttpRequest) -> HttpResponse:
    """`?state=open|resolved|all&severity=1&service=slug`: every view can be pasted in chat; values nobody knows are left out."""
    state, severity, service = (request.GET.get(name, "") for name in ("state", "severity", "service"))
    state = state if state in STATES else "open"
    found = Incident.objects.visible_to(acting(request)).select_related("service", "acknowledged_by")
    if state == "open":
        found = found.open().order_by("severity", "-pk")
    elif state == "resolved":
        found = found.filter(status__in=["resolved", "closed"])
    if severity in {"1", "2", "3", "4"}:
        found = found.filter(severity=int(severity))
    if service:
        found = found.filter(service__slug=service)
    context = {
        "page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
        "state": state,
        "states": STATES,
        "severity": severity,
        "service": service,
        "services": Service.objects.all(),
        "now": clock.now(),
    }
    return render(request, "incidents/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def incident_new(request: HttpRequest) -> HttpResponse:
    """Declare: a title is enough."""
    require(policies.can_declare(acting(request)), "Your account is switched off.")
    form = Declaration(request.POST or None)
    if request.method == "POST" and form.is_valid():
        incident = lifecycle.declare(**form.cleaned_data, by=acting(request), at=clock.now())
        return redirect("incident-detail", pk=incident.pk)
    return render(request, "incidents/new.html", {"form": form}, status=422 if request.method == "POST" else 200)


@require_safe
def incident_detail(request: HttpRequest, pk: int) -> HttpResponse:
    incident = _visible(request, pk)
    return render(request, "incidents/detail.html", _context(request, incident))


def _visible(request: HttpRequest, pk: int) -> Incident:
    visible = Incident.objects.visible_to(acting(request)).select_related("service__team", "acknowledged_by", "opened_by", "happened_before")
    return get_object_or_404(visible, pk=pk)


def _context(request: HttpRequest, incident: Incident) -> dict[str, Any]:
    now, user = clock.now(), acting(request)
    moments = {milestone.name: milestone.at for milestone in incident.milestones.all()}
    if "alerted" not in moments and (first := milestones.alerted_at(incident)):
        moments["alerted"] = first
    episodes = list(incident.episodes.select_related("alert__source").order_by("ended_at", "-started_at")[:20])
    entries = list(timeline.story(incident))
    next_status = lifecycle.next_status(incident)
    began = moments.get("impact_started", incident.opened_at)
    return {
        "began": began,
        "took": incident.resolved_at - began if incident.resolved_at else None,
        "acknowledged_in": moments["acknowledged"] - moments["alerted"] if {"acknowledged", "alerted"} <= set(moments) else None,
        "incident": incident,
        "now": now,
        "moments": moments,
        "phases": phases.of(incident, moments),
        "episodes": episodes,
        "runbooks": _runbooks(episodes),
        "ladder": paging.ladder(incident),
        "entries": entries if incident.is_over else entries[::-1],
        "last_entry": entries[-1].pk if entries else 0,
        "next_status": next_status if next_status != Status.CLOSED else None,
        "earlier": [s for s in lifecycle.FORWARD if s in _before(incident)],
        "severities": Severity.choices,
        "may_respond": policies.can_respond(user, incident),
        "panels": [panel for _, panel in after],
    }


def _runbooks(episodes: list[Episode]) -> list[Match]:
    """The runbooks of the incident's alerts, best first, each once; the first three alert names are asked."""
    by_name = {episode.alert.name: episode.alert for episode in reversed(episodes)}
    found: dict[int, Match] = {}
    for alert in list(by_name.values())[:3]:
        for match in matching.for_alert(alert.labels, alert.annotations):
            found.setdefault(match.runbook.pk, match)
    return list(found.values())[:5]


def _before(incident: Incident) -> list[Status]:
    if incident.status not in lifecycle.FORWARD:
        return []
    return lifecycle.FORWARD[: lifecycle.FORWARD.index(Status(incident.status))]


def _responding(request: HttpRequest, pk: int) -> Incident:
    incident = _visible(request, pk)
    require(policies.can_respond(acting(request), incident), "Responders may do that; your role only reads and declares.")
    return incident


@require_POST
def incident_ack(request: HttpRequest, pk: int) -> HttpResponse:
    incident = _responding(request, pk)
    lifecycle.acknowledge(incident.pk, by=acting(request), at=clock.now())
    return redirect("incident-detail", pk=pk)


@require_POST
def incident_status(request: HttpRequest, pk: int) -> HttpResponse:
    incident = _responding(request, pk)
    form = Move(request.POST)
    if not form.is_valid():
        raise Invalid("Choose the status to move to.")
    to, expected = Status(form.cleaned_data["to"]), form.cleaned_data["expected"] or None
    lifecycle.move(incident.pk, to, by=acting(request), at=clock.now(), expected=expected, reason=form.cleaned_data["reason"])
    return redirect("incident-detail", pk=pk)


@require_POST
def incident_severity(request: HttpRequest, pk: int) -> HttpResponse:
    incident = _responding(request, pk)
    form = NewSeverity(request.POST)
    if not form.is_valid():
        raise Invalid("Choose a severity from SEV1 to SEV4.")
    lifecycle.set_severity(incident.pk, form.cleaned_data["severity"], by=acting(request), at=clock.now(), reason=form.cleaned_data["reason"])
    return redirect("incident-detail", pk=pk)


@require_POST
def incident_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    incident = _responding(request, pk)
    lifecycle.cancel(incident.pk, by=acting(request), at=clock.now(), reason=request.POST.get("reason", ""))
    return redirect("incident-detail", pk=pk)


@require_POST
def incident_note(request: HttpRequest, pk: int) -> HttpResponse:
    """The new timeline for htmx, the page without script."""
    incident = _responding(request, pk)
    form = Note(request.POST)
    if not form.is_valid():
        raise Invalid("The note is empty.")
    lifecycle.note(incident.pk, form.cleaned_data["text"], by=acting(request), at=clock.now())
    if getattr(request, "htmx", False):
        return incident_timeline(request, pk)
    return redirect(f"/incidents/{pk}/#timeline")


def incident_timeline(request: HttpRequest, pk: int) -> HttpResponse:
    """Entries newer than `?after=`; 204 when there are none, at the cost of one indexed read."""
    incident = _visible(request, pk)
    last = request.GET.get("after") or request.POST.get("after") or "0"
    entries = list(timeline.since(incident, int(last) if last.isdigit() and len(last) < 19 else 0))
    if not entries:
        return HttpResponse(status=204)
    context = {"incident": incident, "entries": entries[::-1], "last_entry": entries[-1].pk, "now": clock.now()}
    return render(request, "incidents/_new_entries.html", context)


incident_timeline_page = require_safe(incident_timeline)
