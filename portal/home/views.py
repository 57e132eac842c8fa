"""Now: what needs me."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal import clock
from portal.accounts.models import User
from portal.home.needs import waiting_for
from portal.home.panels import OPEN_INCIDENTS, WAITING, drawn, panels


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The first page: lays out the panels that packages provide around what waits for this person."""
    now = clock.now()
    main = drawn(request, now, "main")
    context = {
        "now": now,
        "watches_incidents": OPEN_INCIDENTS in panels,
        "needs": waiting_for(cast(User, request.user), now),
        "before": [html for order, html in main if order < WAITING],
        "after": [html for order, html in main if order >= WAITING],
        "side": [html for _, html in drawn(request, now, "side")],
    }
    return render(request, "home/home.html", context)
