"""Pages of diagnostics: what there is, one of them, one run, and the click that asks for a run."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from portal import clock
from portal.accounts.acting import acting
from portal.errors import Invalid, require
from runbooks.diagnostics import policies, registry, runs
from runbooks.diagnostics.forms import Asked
from runbooks.diagnostics.registry import Diagnostic
from runbooks.models import DiagnosticRun, Target

SHOWN = 20


@require_safe
def diagnostic_list(request: HttpRequest) -> HttpResponse:
    last = runs.last_runs()
    hidden = runs.hidden_from(acting(request))
    rows = [(found, run if (run := last.get(slug)) and run.about not in hidden else None) for slug, found in registry.diagnostics]
    return render(request, "diagnostics/list.html", {"rows": rows, "targets": Target.objects.all(), "now": clock.now()})


@require_safe
def diagnostic_detail(request: HttpRequest, slug: str) -> HttpResponse:
    found = _known(slug)
    visible = DiagnosticRun.objects.visible_to(acting(request)).filter(diagnostic=slug).select_related("target", "asked_by")[:SHOWN]
    context = {
        "diagnostic": found,
        "targets": Target.objects.filter(kind=found.target_kind),
        "runs": visible,
        "may_run": policies.can_run(acting(request), found, ""),
        "now": clock.now(),
    }
    return render(request, "diagnostics/detail.html", context)


@require_POST
def diagnostic_run(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for a run; back to where the button stood, or on to the run."""
    found, form = _known(slug), Asked(request.POST)
    if not form.is_valid():
        raise Invalid("That is not how this diagnostic is asked for: " + form.errors.as_text())
    about = form.cleaned_data["about"]
    require(policies.can_run(acting(request), found, about), "Responders run diagnostics; your role only reads.")
    given = {name: request.POST[name] for name in (p.name for p in found.parameters) if name in request.POST}
    run = runs.ask(slug, given=given, target=form.cleaned_data["target"], about=about, by=acting(request), at=clock.now())
    way_back = form.cleaned_data["next"]
    if way_back and url_has_allowed_host_and_scheme(way_back, allowed_hosts=None):
        return redirect(way_back)
    return redirect("diagnostic-run-detail", pk=run.pk)


@require_safe
def diagnostic_run_detail(request: HttpRequest, pk: int) -> HttpResponse:
    visible = DiagnosticRun.objects.visible_to(acting(request)).select_related("target", "asked_by")
    run = get_object_or_404(visible, pk=pk)
    context = {"run": run, "diagnostic": registry.diagnostics.get(run.diagnostic), "healthy": runs.last_healthy(run), "now": clock.now()}
    template = "diagnostics/_run.html" if getattr(request, "htmx", False) else "diagnostics/run.html"
    return render(request, template, context)


def _known(slug: str) -> Diagnostic:
    found = registry.diagnostics.get(slug)
    if found is None:
        raise Http404
    return found
