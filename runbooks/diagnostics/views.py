"""Pages of diagnostics: what there is, one of them, one run, and the clicks that ask for a run, run it again or cancel it."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from portal import clock
from portal.accounts.acting import acting
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.errors import Invalid, require
from runbooks.diagnostics import comparing, forms, guard, policies, registry, runs
from runbooks.diagnostics.forms import Asked
from runbooks.diagnostics.registry import Diagnostic
from runbooks.models import DiagnosticRun, Preview, Schedule, Target

SHOWN = 20
FILTERS = {"": "All", "mine": "Mine", "bad": "Not well"}


@require_safe
def diagnostic_list(request: HttpRequest) -> HttpResponse:
    """Everything registered with its last result, and the last runs."""
    user, last = acting(request), runs.last_runs()
    hidden = runs.hidden_from(user)
    rows = [(found, run if (run := last.get(slug)) and run.about not in hidden else None) for slug, found in registry.diagnostics]
    context = {
        "registered": len(rows),
        "reads": [row for row in rows if row[0].kind == "reads"],
        "changes": [row for row in rows if row[0].kind == "changes"],
        "targets": Target.objects.select_related("service"),
        "schedules": Schedule.objects.count(),
        "may_change": policies.has_change_right(user),
        "broken": registry.broken if user.at_least(Role.ADMIN) else {},
        "now": clock.now(),
        **_listed(request, user),
    }
    return render(request, "diagnostics/list.html", context)


def _listed(request: HttpRequest, user: User, slug: str = "") -> dict[str, Any]:
    chosen = request.GET.get("runs", "")
    found = DiagnosticRun.objects.visible_to(user).select_related("target", "asked_by")
    if slug:
        found = found.filter(diagnostic=slug)
    if chosen == "mine":
        found = found.filter(asked_by=user)
    if chosen == "bad":
        found = found.filter(severity__in=["warn", "bad"])
    return {"runs": found[:SHOWN], "chosen": chosen, "filters": FILTERS}


@require_safe
def diagnostic_detail(request: HttpRequest, slug: str) -> HttpResponse:
    found, user = _known(slug), acting(request)
    about = request.GET.get("about", "")
    context = {
        "diagnostic": found,
        "targets": Target.objects.filter(kind__in=found.kinds).select_related("service"),
        "about": about if Asked({"about": about}).is_valid() else "",
        "values": {parameter.name: request.GET.get(parameter.name, parameter.default) for parameter in found.parameters},
        "every": forms.EVERY,
        "may_run": policies.can_run(user, found, ""),
        "may_schedule": policies.can_schedule(user),
        "refusal": policies.refusal(found),
        "now": clock.now(),
        **_listed(request, user, slug),
    }
    return render(request, "diagnostics/detail.html", context)


@require_POST
def diagnostic_run(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for a run; back to where the button stood, or on to the run."""
    found, form = _known(slug), Asked(request.POST)
    if not form.is_valid():
        raise Invalid("That is not how this diagnostic is asked for: " + form.errors.as_text())
    about = form.cleaned_data["about"]
    require(policies.can_run(acting(request), found, about), policies.refusal(found))
    run = runs.ask(slug, given=_given(request, found), target=form.cleaned_data["target"], about=about, by=acting(request), at=clock.now())
    way_back = form.cleaned_data["next"]
    if found.kind == "reads" and way_back and url_has_allowed_host_and_scheme(way_back, allowed_hosts=None):
        return redirect(way_back)
    return redirect("diagnostic-run-detail", pk=run.pk)


def _given(request: HttpRequest, found: Diagnostic) -> dict[str, str]:
    return {parameter.name: str(request.POST[parameter.name]) for parameter in found.parameters if parameter.name in request.POST}


@require_safe
def diagnostic_run_detail(request: HttpRequest, pk: int) -> HttpResponse:
    run, user = _visible(request, pk), acting(request)
    known = registry.diagnostics.get(run.diagnostic)
    healthy = comparing.last_healthy(run) if run.is_finished and run.severity != "ok" else None
    context = {
        "run": run,
        "diagnostic": known,
        "healthy": healthy,
        "difference": comparing.difference(healthy, run) if healthy else [],
        "may_run": bool(known) and policies.can_run(user, known, run.about),  # type: ignore[arg-type]
        "has_rest": run.is_finished and hasattr(run, "rest"),
        "now": clock.now(),
        **_guarded(run, known, user),
    }
    template = "diagnostics/_run.html" if getattr(request, "htmx", False) else "diagnostics/run.html"
    return render(request, template, context)


def _guarded(run: DiagnosticRun, known: Diagnostic | None, user: User) -> dict[str, Any]:
    """Of a run that changes something: its preview, and what this person may do with it. 1-3 queries, none for what reads."""
    if known is None or known.kind != "changes":
        return {"preview": None}
    found = Preview.objects.select_related("run__target__service", "run__asked_by", "second", "act")
    preview, acted = found.filter(run=run).first(), found.filter(act=run).first()
    mine = preview is not None and preview.requester == guard.requester_of(user)
    is_open = preview is not None and preview.confirmed_at is None and clock.now() < preview.expires_at
    return {
        "preview": preview,
        "acted": acted,
        "token": guard.token_of(preview) if preview and mine and is_open else "",
        "needs_second": preview is not None and guard.needs_second(preview),
        "may_second": is_open and not mine and policies.has_change_right(user),
        "is_open": is_open,
    }


@require_safe
def diagnostic_output(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole output as a file."""
    run = _visible(request, pk)
    text = run.rest.text if hasattr(run, "rest") else run.output
    name = f"run-{run.pk}-{run.diagnostic}.txt"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers=headers)


@require_POST
def diagnostic_run_again(request: HttpRequest, pk: int) -> HttpResponse:
    run = _visible(request, pk)
    found = registry.find(run.diagnostic)
    require(policies.can_run(acting(request), found, run.about), policies.refusal(found))
    return redirect("diagnostic-run-detail", pk=runs.again(run, by=acting(request), at=clock.now()).pk)


@require_POST
def diagnostic_run_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    run = _visible(request, pk)
    found = registry.find(run.diagnostic)
    require(policies.can_run(acting(request), found, run.about), policies.refusal(found))
    runs.cancel(run.pk, by=acting(request), at=clock.now())
    return redirect("diagnostic-run-detail", pk=pk)


def _visible(request: HttpRequest, pk: int) -> DiagnosticRun:
    visible = DiagnosticRun.objects.visible_to(acting(request)).select_related("target__service", "asked_by", "rest", "schedule")
    return get_object_or_404(visible, pk=pk)


def _known(slug: str) -> Diagnostic:
    found = registry.diagnostics.get(slug)
    if found is None:
        raise Http404
    return found
