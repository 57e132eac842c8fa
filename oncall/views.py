"""Pages of on call: who answers, and the checklist before the shift."""

from __future__ import annotations

from datetime import date, timedelta

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from oncall import checklists, grids, policies, rota
from oncall.models import Checklist, ChecklistItem, Handoff, Swap
from portal import clock
from portal.accounts.acting import acting
from portal.errors import require

AHEAD, MINE_AHEAD = timedelta(weeks=2), timedelta(days=90)
OWN = "Only the person whose shift it is ticks this checklist."


@require_safe
def oncall(request: HttpRequest) -> HttpResponse:
    """Who is on call now, two weeks or a month from any day (`?from=2026-11-30&days=31`), hand-offs, and my checklists."""
    now, user = clock.now(), acting(request)
    first = _day(request.GET.get("from", ""), now.astimezone(user.zone).date())
    days = 31 if request.GET.get("days") == "31" else 14
    mine = Checklist.objects.of(user).in_hand(now).select_related("template").prefetch_related("items__by").order_by("due_at")
    handoffs = Handoff.objects.filter(at__gt=now - AHEAD, at__lt=now + AHEAD).select_related("rotation", "outgoing", "incoming", "accepted_by")
    context = {
        "seats": rota.on_call_now(now),
        "grid": grids.lay_out(first, days, user.zone),
        "earlier": first - timedelta(days=days),
        "later": first + timedelta(days=days),
        "days": days,
        "checklists": mine,
        "handoffs": handoffs[:6],
        "may_add": policies.leads(user, None),
        "now": now,
    }
    return render(request, "oncall/oncall.html", context)


def _day(text: str, today: date) -> date:
    """What the address says, kept within ten years of today."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return today
    return found if abs(found - today) < timedelta(days=3650) else today


@require_safe
def my_shifts(request: HttpRequest) -> HttpResponse:
    """Where and when I answer in the next ninety days, my swaps and hand-offs."""
    now, user = clock.now(), acting(request)
    shifts = [(rotation, span) for rotation, spans in rota.coming(now, now + MINE_AHEAD) for span in spans if user in span.people]
    swaps = Swap.objects.filter(Q(giver=user) | Q(taker=user), ends_at__gt=now).select_related("rotation", "giver", "taker")
    return render(request, "oncall/mine.html", {"shifts": sorted(shifts, key=lambda row: row[1].starts_at), "swaps": swaps[:30], "now": now})


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
