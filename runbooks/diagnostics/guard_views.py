"""The two steps on a page: confirm what was shown, agree to what somebody else asked for."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from portal import clock
from portal.accounts.acting import acting
from portal.errors import Invalid, require
from runbooks.diagnostics import guard, policies
from runbooks.diagnostics.forms import Confirmed
from runbooks.models import DiagnosticRun, Preview


@require_POST
def preview_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    _visible(request, pk)
    require(policies.has_change_right(acting(request)), policies.REFUSED_CHANGE)
    form = Confirmed(request.POST)
    if not form.is_valid():
        raise Invalid(f"Say why, in at least {guard.REASON_AT_LEAST} characters.")
    act = guard.confirm(**form.cleaned_data, by=acting(request), at=clock.now())
    return redirect("diagnostic-run-detail", pk=act.pk)


@require_POST
def preview_second(request: HttpRequest, pk: int) -> HttpResponse:
    preview = _visible(request, pk)
    require(policies.has_change_right(acting(request)), policies.REFUSED_CHANGE)
    guard.second(preview.pk, by=acting(request), at=clock.now())
    return redirect("diagnostic-run-detail", pk=preview.run_id)


def _visible(request: HttpRequest, pk: int) -> Preview:
    return get_object_or_404(Preview.objects.filter(run__in=DiagnosticRun.objects.visible_to(acting(request))), pk=pk)
