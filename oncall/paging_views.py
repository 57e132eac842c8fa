"""Can we page? One sentence, then the chain, the people and the channels; the same answer as `doctor --about paging`."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from oncall import readiness
from portal import clock, doctor


@require_safe
def paging(request: HttpRequest) -> HttpResponse:
    """200 whatever the answer; `?format=text` for machines is `doctor`."""
    now = clock.now()
    results = doctor.examine(now, about="paging")
    people = readiness.people(now)
    context = {
        "now": now,
        "results": results,
        "worst": doctor.worst(results),
        "people": people,
        "reachable": sum(one.is_ready for one in people),
        "channels": readiness.channels(now),
        "asks": sum(result.level != doctor.Level.GREEN for result in results),
    }
    return render(request, "oncall/paging.html", context)
