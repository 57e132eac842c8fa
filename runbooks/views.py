"""Runbooks on the page: the list, one of them, and where an alert's link leads."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal import clock
from portal.accounts.acting import acting
from runbooks import matching, policies, searching

SUGGESTED = 5  # runbooks offered where none answers


@require_safe
def runbook_list(request: HttpRequest) -> HttpResponse:
    user, asked = acting(request), request.GET.get("q", "").strip()[:200]
    context = {
        "q": asked,
        "runbooks": list(policies.visible_to(user).defer("body", "body_html").prefetch_related("services", "aliases")),
        "found": searching.find(asked, user=user) if asked else None,
        "writes": policies.can_edit(user, None),
        "now": clock.now(),
    }
    return render(request, "runbooks/list.html", context)


@require_safe
def runbook_detail(request: HttpRequest, slug: str) -> HttpResponse:
    user = acting(request)
    visible = policies.visible_to(user).select_related("team", "owner").prefetch_related("services", "aliases", "sections")
    runbook = get_object_or_404(visible, slug=slug)
    context = {
        "runbook": runbook,
        "sections": runbook.sections.all(),
        **_followed_for(request),
        "edits": policies.can_edit(user, runbook),
        "now": clock.now(),
    }
    return render(request, "runbooks/detail.html", context)


@require_safe
def runbook_short(request: HttpRequest, alertname: str) -> HttpResponse:
    """`/r/<alertname>`: on to the runbook, or a page that says that nobody wrote one."""
    user, incident = acting(request), _incident(request)
    runbook = matching.for_alertname(alertname)
    if runbook:
        return redirect(runbook.get_absolute_url() + (f"?incident={incident}" if incident else ""))
    prefilled = urlencode({"title": alertname[:200], "aliases": alertname[:200]})
    context = {
        "alertname": alertname,
        **_followed_for(request),
        "suggested": searching.like_alert(alertname, user=user, limit=SUGGESTED),
        "claim_url": f"{reverse('admin:runbooks_runbook_add')}?{prefilled}" if policies.can_edit(user, None) else "",
    }
    return render(request, "runbooks/claim.html", context)


def _followed_for(request: HttpRequest) -> dict[str, str]:
    number = _incident(request)
    return {"incident": number, "incident_url": f"/incidents/{number}/", "about": f"incident:{number}" if number else ""}


def _incident(request: HttpRequest) -> str:
    """The number of the incident that somebody follows this runbook for, as digits; else empty."""
    number = request.GET.get("incident", "")
    return number if number.isascii() and number.isdecimal() and len(number) < 10 else ""
