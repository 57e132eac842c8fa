"""Who answers for a service at a moment: seats, the team's leads, and when each step of each severity would be taken."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from oncall import answering
from oncall.models import Service


@require_safe
def service_oncall(request: HttpRequest, slug: str) -> HttpResponse:
    """`?at=` is a moment with an offset; now without it."""
    service = get_object_or_404(Service.objects.select_related("team"), slug=slug)
    at = answering.moment_of(request.GET.get("at", ""))
    context = {"service": service, "at": at, "seats": answering.seats(service, at), "ladders": answering.ladders(service, at)}
    return render(request, "oncall/service.html", {**context, "leads": service.team.leads(), "now": at})
