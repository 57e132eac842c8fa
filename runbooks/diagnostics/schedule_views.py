"""Pages of schedules: what runs by itself, and its number over time."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from portal import clock
from portal.accounts.acting import acting
from portal.errors import Invalid, require
from runbooks.diagnostics import policies, registry, schedules
from runbooks.diagnostics.forms import Scheduled
from runbooks.models import DiagnosticRun, Schedule

REFUSED = "Responders set up schedules; your role only reads."
LISTED = 100


@require_safe
def schedule_list(request: HttpRequest) -> HttpResponse:
    """Each schedule with its last run."""
    found = list(Schedule.objects.select_related("target", "created_by")[:LISTED])
    newest = {run.schedule_id: run for run in DiagnosticRun.objects.filter(pk__in=schedules.last_ids(found))}
    rows = [(schedule, registry.diagnostics.get(schedule.diagnostic), newest.get(schedule.pk)) for schedule in found]
    return render(request, "diagnostics/schedules.html", {"rows": rows, "may": policies.can_schedule(acting(request)), "now": clock.now()})


@require_safe
def schedule_detail(request: HttpRequest, pk: int) -> HttpResponse:
    schedule = get_object_or_404(Schedule.objects.select_related("target", "created_by"), pk=pk)
    history = schedules.history(schedule)
    context = {
        "schedule": schedule,
        "diagnostic": registry.diagnostics.get(schedule.diagnostic),
        "runs": history[::-1],
        "numbers": [run.figure for run in history if run.figure is not None],
        "words": schedules.words(history),
        "may": policies.can_schedule(acting(request)),
        "now": clock.now(),
    }
    return render(request, "diagnostics/schedule.html", context)


@require_POST
def schedule_new(request: HttpRequest, slug: str) -> HttpResponse:
    require(policies.can_schedule(acting(request)), REFUSED)
    diagnostic, form = registry.find(slug), Scheduled(request.POST)
    if not form.is_valid():
        raise Invalid("Choose how often it is to run.")
    given = {parameter.name: str(request.POST[parameter.name]) for parameter in diagnostic.parameters if parameter.name in request.POST}
    made = schedules.make(slug, given=given, target=form.cleaned_data["target"], every=form.cleaned_data["every"], by=acting(request), at=clock.now())
    return redirect("schedule-detail", pk=made.pk)


@require_POST
def schedule_switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Pause it, or go on (`on`)."""
    require(policies.can_schedule(acting(request)), REFUSED)
    get_object_or_404(Schedule, pk=pk)
    schedules.switch(pk, on=request.POST.get("on") == "yes", at=clock.now())
    return redirect("schedule-detail", pk=pk)


@require_POST
def schedule_remove(request: HttpRequest, pk: int) -> HttpResponse:
    require(policies.can_schedule(acting(request)), REFUSED)
    get_object_or_404(Schedule, pk=pk)
    schedules.remove(pk)
    return redirect("schedule-list")
