"""Pages of action items: the list, one item, and what its owner does with it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from oncall.models import Team
from portal import clock, journal, spreadsheets
from portal.accounts.acting import acting
from portal.accounts.models import User
from portal.errors import require
from postmortems import action_items, choosing, policies
from postmortems.forms import Evidence, NewDate, Reason
from postmortems.models import ActionItem

PER_PAGE = 50
LONGEST_EXPORT = 20_000  # rows


@require_safe
def action_list(request: HttpRequest) -> HttpResponse:
    """`?owner=me&team=&state=&type=&view=board&q=`: every view can be pasted in chat. A filter that names nothing is ignored."""
    now, user = clock.now(), acting(request)
    wanted = choosing.wanted(request.GET)
    visible = ActionItem.objects.visible_to(user)
    shown = choosing.chosen(visible, wanted, user=user, now=now).select_related("owner", "team", "postmortem__incident")
    board = choosing.columns(shown, now) if wanted.board else None
    page = None if wanted.board else Paginator(shown, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "wanted": wanted,
        "board": board,
        "page": page,
        "rows": [(item, item.days_late(now)) for item in page or ()],
        "teams": Team.objects.order_by("name"),
        "types": ActionItem.Type.choices,
        "counts": choosing.counts(visible, user=user, now=now),
        "now": now,
    }
    return render(request, "postmortems/action_list.html", context)


@require_safe
def action_csv(request: HttpRequest) -> HttpResponse:
    """What the same address of the list shows, all of it up to the limit."""
    now, user = clock.now(), acting(request)
    shown = choosing.chosen(ActionItem.objects.visible_to(user), choosing.wanted(request.GET), user=user, now=now)
    return spreadsheets.answer("action-items", choosing.table(shown.select_related("owner", "team", "postmortem")[:LONGEST_EXPORT], now))


@require_safe
def action_detail(request: HttpRequest, pk: int) -> HttpResponse:
    item = _visible(request, pk)
    return _show(request, item)


def _show(request: HttpRequest, item: ActionItem, status: int = 200, **forms_with_errors: forms.Form) -> HttpResponse:
    now = clock.now()
    context: dict[str, Any] = {
        "item": item,
        "late": item.days_late(now),
        "reminders": item.reminders.exclude(message=None).select_related("message", "person"),
        "proof_day": (now + action_items.VERIFY_AFTER).date(),
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
    done = form.cleaned_data
    action_items.finish(item.pk, done["evidence"], by=user, at=clock.now(), verify_by=done["verify_by"])
    return redirect("action-detail", pk=pk)


@require_POST
def action_verify(request: HttpRequest, pk: int) -> HttpResponse:
    item, user = _own(request, pk)
    action_items.verify(item.pk, by=user, at=clock.now(), note=request.POST.get("note", "")[:500])
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
