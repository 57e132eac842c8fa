"""Five to read before a first shift, and due dates as a calendar."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from oncall.models import Service
from portal import clock
from portal.accounts.acting import acting
from postmortems import due_dates, reading
from postmortems.models import DueFeed, Postmortem


@require_safe
def five(request: HttpRequest, slug: str) -> HttpResponse:
    service = get_object_or_404(Service, slug=slug)
    context = {"service": service, "five": reading.five(service, acting(request), clock.now()), "runbooks": reading.runbooks_of(service)}
    return render(request, "postmortems/five.html", context)


@require_POST
def read(request: HttpRequest, pk: int) -> HttpResponse:
    postmortem = get_object_or_404(Postmortem.objects.visible_to(acting(request)), pk=pk)
    reading.tick(postmortem, by=acting(request), at=clock.now())
    service = Service.objects.filter(slug=request.POST.get("service", "")[:60]).first()
    return redirect("postmortem-five", service.slug) if service else redirect("postmortem-detail", pk)


@require_http_methods(["GET", "HEAD", "POST"])
def feed(request: HttpRequest) -> HttpResponse:
    """POST makes a new address and shows it this once."""
    user, address = acting(request), ""
    if request.method == "POST":
        address = f"{settings.BASE_URL}/actions/feed/{due_dates.make(user, at=clock.now())}.ics"
    return render(request, "postmortems/due_feed.html", {"feed": DueFeed.objects.filter(owner=user, revoked_at=None).first(), "address": address})


@require_POST
def feed_revoke(request: HttpRequest) -> HttpResponse:
    due_dates.revoke(acting(request), at=clock.now())
    return redirect("action-feed")


@require_safe
def feed_ics(request: HttpRequest, secret: str) -> HttpResponse:
    """For calendars, which cannot sign in: the secret of the address is the key."""
    found = due_dates.find(secret)
    if found is None:
        raise Http404
    headers = {"Cache-Control": "private, no-store", "Content-Disposition": 'inline; filename="due-dates.ics"'}
    return HttpResponse(due_dates.write(found.owner, clock.now()), content_type="text/calendar; charset=utf-8", headers=headers)
