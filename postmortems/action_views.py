"""Pages of action items: the list, one item, and what its owner does with it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from portal import clock, journal
from portal.accounts.acting import acting
from portal.accounts.models import User
from portal.errors import require
from postmortems import action_items, policies
from postmortems.forms import Evidence, NewDate, Reason
from postmortems.models import ActionItem

PER_PAGE = 50


@require_safe
def action_list(request: HttpRequest) -> HttpResponse:
    """`?owner=me&state=open|overdue|done|all`: every view can be pasted in chat."""
    now, user = clock.now(), acting(request)
    visible = ActionItem.objects.visible_to(user)
    state, mine = request.GET.get("state", "open"), request.GET.get("owner") == "me"
    shown = {"overdue": visible.overdue(now), "done": visible.exclude(status__in=["open", "in_progress"]), "all": visible}.get(
        state, visible.unfinished()
    )
    if mine:
        shown = shown.filter(owner=user)
    page = Paginator(shown.select_related("owner", "team", "postmortem__incident"), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [(item, item.days_late(now)) for item in page],
        "state": state,
        "mine": mine,
        "query": f"state={quote(state)}&{'owner=me&' if mine else ''}",
        "open_count": visible.unfinished().count(),
        "mine_count": visible.unfinished().filter(owner=user).count(),
        "overdue_count": visible.overdue(now).count(),
        "now": now,
    }
    return render(request, "postmortems/action_list.html", context)


@require_safe
def action_detail(request: HttpRequest, pk: int) -> HttpResponse:
    item = _visible(request, pk)
    return _show(request, item)


def _show(request: HttpRequest, item: ActionItem, status: int = 200, **forms_with_errors: forms.Form) -> HttpResponse:
    now = clock.now()
    context: dict[str, Any] = {
        "item": item,
        "late": item.days_late(now),
        "reminders": item.reminders.exclude(message=None).select_related("message__recipient"),
        "story": journal.entries(item.subject),
        "may_finish": policies.can_finish(acting(request), item),
        "now": now,
        **forms_with_errors,
    }
    return render(request, "postmortems/action_detail.html", context, status=status)


def _visible(request: HttpRequest, pk: int) -> ActionItem:
    found = ActionItem.objects.visible_to(acting(request)).select_related("owner", "team", "postmortem__incident")
    return get_object_or_404(found, pk=pk)


def _own(request: HttpRequest, pk: int) -> tuple[ActionItem, User]:
    item = _visible(request, pk)
    require(policies.can_finish(acting(request), item), "Only its owner and the team that it belongs to may do that.")
    return item, acting(request)


@require_POST
def action_begin(request: HttpRequest, pk: int) -> HttpResponse:
    item, user = _own(request, pk)
    action_items.begin(item.pk, by=user, at=clock.now())
    return redirect("action-detail", pk=pk)


@require_POST
def action_done(request: HttpRequest, pk: int) -> HttpResponse:
    item, user = _own(request, pk)
    form = Evidence(request.POST)
    if not form.is_valid():
        return _show(request, item, 422, evidence_form=form)
    action_items.finish(item.pk, form.cleaned_data["evidence"], by=user, at=clock.now())
    return redirect("action-detail", pk=pk)


@require_POST
def action_postpone(request: HttpRequest, pk: int) -> HttpResponse:
    item, user = _own(request, pk)
    form = NewDate(request.POST)
    if not form.is_valid():
        return _show(request, item, 422, date_form=form)
    action_items.postpone(item.pk, form.cleaned_data["due_on"], form.cleaned_data["reason"], by=user, at=clock.now())
    return redirect("action-detail", pk=pk)


@require_POST
def action_decline(request: HttpRequest, pk: int) -> HttpResponse:
    item, user = _own(request, pk)
    form = Reason(request.POST)
    if not form.is_valid():
        return _show(request, item, 422, decline_form=form)
    action_items.decline(item.pk, form.cleaned_data["reason"], by=user, at=clock.now())
    return redirect("action-detail", pk=pk)


@require_POST
def action_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    item, user = _own(request, pk)
    form = Reason(request.POST)
    if not form.is_valid():
        return _show(request, item, 422, reopen_form=form)
    action_items.reopen(item.pk, form.cleaned_data["reason"], by=user, at=clock.now())
    return redirect("action-detail", pk=pk)
