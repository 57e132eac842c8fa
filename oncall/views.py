"""Pages of on call: who answers, and the checklist before the shift."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from oncall import checklists, policies, rota
from oncall.models import Checklist, ChecklistItem
from portal import clock
from portal.accounts.acting import acting
from portal.errors import require

AHEAD = timedelta(weeks=2)
OWN = "Only the person whose shift it is ticks this checklist."


@require_safe
def oncall(request: HttpRequest) -> HttpResponse:
    """Who is on call now, the next two weeks, and my checklist."""
    now = clock.now()
    mine = Checklist.objects.of(acting(request)).in_hand(now).select_related("template").prefetch_related("items__by").order_by("due_at")
    context = {"seats": rota.on_call_now(now), "coming": rota.coming(now, now + AHEAD), "checklists": mine, "now": now}
    return render(request, "oncall/oncall.html", context)


@require_safe
def checklist_detail(request: HttpRequest, pk: int) -> HttpResponse:
    checklist = get_object_or_404(Checklist.objects.select_related("person").prefetch_related("items__by"), pk=pk)
    context = {"checklist": checklist, "may_tick": policies.can_tick(acting(request), checklist), "now": clock.now()}
    return render(request, "oncall/checklist.html", context)


def _own(request: HttpRequest, pk: int) -> ChecklistItem:
    item = get_object_or_404(ChecklistItem.objects.select_related("checklist"), pk=pk)
    require(policies.can_tick(acting(request), item.checklist), OWN)
    return item


@require_POST
def checklist_tick(request: HttpRequest, pk: int) -> HttpResponse:
    item = _own(request, pk)
    checklists.tick(item.pk, by=acting(request), at=clock.now())
    return redirect("checklist-detail", pk=item.checklist_id)


@require_POST
def checklist_untick(request: HttpRequest, pk: int) -> HttpResponse:
    item = _own(request, pk)
    checklists.untick(item.pk, by=acting(request), at=clock.now())
    return redirect("checklist-detail", pk=item.checklist_id)


@require_POST
def checklist_skip(request: HttpRequest, pk: int) -> HttpResponse:
    item = _own(request, pk)
    checklists.skip(item.pk, request.POST.get("reason", ""), by=acting(request), at=clock.now())
    return redirect("checklist-detail", pk=item.checklist_id)
