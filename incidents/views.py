"""Pages of incidents: the list, declaring one, the page from which one is run, and what it polls."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from incidents import communications, exporting, freshness, lifecycle, meeting, page, policies, recording, timeline
from incidents.forms import Declaration
from incidents.models import Attachment, Incident, Meeting
from oncall.models import Service
from portal import clock
from portal.accounts.acting import acting
from portal.errors import require
from runbooks.models import Runbook

PER_PAGE = 50
STATES = {"open": "Open", "resolved": "Resolved", "all": "All"}
PICTURE_POLICY = "default-src 'none'; sandbox"  # what somebody uploaded is shown, never run


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


def visible(request: HttpRequest, pk: int) -> Incident:
    """404 for one that is hidden from this person."""
    found = Incident.objects.visible_to(acting(request)).select_related(
        "service__team", "acknowledged_by", "opened_by", "happened_before", "merged_into", "meeting", "runbook_answer__runbook"
    )
    return get_object_or_404(found, pk=pk)


@require_safe
def incident_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """`?show=updates|people|diagnostics` filters the timeline."""
    incident = visible(request, pk)
    show = request.GET.get("show", "all")
    return render(request, "incidents/detail.html", page.whole(acting(request), incident, clock.now(), show=show))


@require_safe
def incident_live(request: HttpRequest, pk: int) -> HttpResponse:
    """What changed since `?seen=`; 204 when nothing did, at the cost of one indexed read."""
    seen = request.GET.get("seen", "")
    mark = freshness.mark(pk, user=acting(request))
    if mark is None:
        raise Http404
    return HttpResponse(status=204) if seen == mark else live_parts(request, pk, seen=seen)


def live_parts(request: HttpRequest, pk: int, *, seen: str) -> HttpResponse:
    """The parts of the page drawn anew, and entries newer than `seen`, swapped in beside whatever asked."""
    incident, now = visible(request, pk), clock.now()
    context = page.live(acting(request), incident, now)
    after = freshness.newest_entry(seen)
    new = list(timeline.since(incident, after).order_by("-pk")[: page.ENTRIES]) if after else []
    context["lines"] = recording.lines(new)
    return render(request, "incidents/_live.html", context)


@require_safe
def incident_entries(request: HttpRequest, pk: int) -> HttpResponse:
    """Entries older than `?before=`, for the button at the end of the timeline."""
    incident, before = visible(request, pk), request.GET.get("before", "")
    known = int(before) if before.isascii() and before.isdecimal() and len(before) < 19 else 0
    show = request.GET.get("show", "all")
    found = page.newest(incident, show, before=known)
    context = {
        "incident": incident,
        "lines": found,
        "older": found[-1].entry.pk if len(found) == page.ENTRIES else 0,
        "show": show,
        "may_respond": policies.can_respond(acting(request), incident),
        "now": clock.now(),
    }
    return render(request, "incidents/_older.html" if getattr(request, "htmx", False) else "incidents/entries.html", context)


@require_safe
def incident_draft(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of an update of `?kind=`, filled from what is known now."""
    incident, now = visible(request, pk), clock.now()
    require(policies.can_respond(acting(request), incident), "Responders post updates.")
    context = {"incident": incident, "now": now, **page.of_update(incident, now, request.GET.get("kind", ""))}
    context["may_approve"] = communications.can_approve(acting(request), incident)
    return render(request, "incidents/_update_form.html", context)


@require_safe
def incident_file(request: HttpRequest, pk: int, attachment: int) -> FileResponse:
    """A picture to look at, anything else to keep; never a page of ours."""
    found = get_object_or_404(Attachment, pk=attachment, incident=visible(request, pk))
    response = FileResponse(found.file.open("rb"), as_attachment=not found.is_picture, filename=found.name, content_type=found.media_type)
    response["Content-Security-Policy"] = PICTURE_POLICY
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_safe
def incident_dashboard(request: HttpRequest, pk: int) -> HttpResponse:
    """On to the service's dashboard; that it was opened ticks the checklist."""
    incident = visible(request, pk)
    if not incident.service or not incident.service.dashboard_url:
        raise Http404
    page.opened(incident, acting(request), clock.now(), kind="dashboard", text="Dashboard opened")
    return redirect(incident.service.dashboard_url)


@require_safe
def incident_runbook(request: HttpRequest, pk: int, slug: str) -> HttpResponse:
    """On to a runbook, followed for this incident; that it was opened ticks the checklist."""
    incident, runbook = visible(request, pk), get_object_or_404(Runbook, slug=slug)
    page.opened(incident, acting(request), clock.now(), kind="runbook", text=f"Runbook opened: {runbook.title}", url=runbook.get_absolute_url())
    return redirect(f"{runbook.get_absolute_url()}?incident={incident.pk}")


@require_safe
def incident_export(request: HttpRequest, pk: int, form: str) -> HttpResponse:
    """The whole story as Markdown or JSON."""
    incident = visible(request, pk)
    if form not in ("md", "json"):
        raise Http404
    if form == "json":
        return JsonResponse(exporting.as_data(incident), json_dumps_params={"indent": 1, "ensure_ascii": False})
    response = HttpResponse(exporting.as_markdown(incident), content_type="text/markdown; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{incident.reference}.md"'
    return response


@require_safe
def incident_invitation(request: HttpRequest, pk: int) -> HttpResponse:
    """The meeting as an .ics file."""
    incident = visible(request, pk)
    found = get_object_or_404(Meeting, incident=incident)
    response = HttpResponse(meeting.invitation(found, meeting.people_of(incident)), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{incident.reference}-meeting.ics"'
    return response
