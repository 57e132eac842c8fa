"""Helped, misled, missing: the three buttons of a runbook and of a resolved incident."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from incidents.models import Incident
from incidents.policies import can_respond
from portal import clock
from portal.accounts.acting import acting
from portal.accounts.roles import Role
from portal.errors import Invalid, require
from postmortems import feedback
from runbooks.following import WHO_FOLLOWS
from runbooks.policies import visible_to


@require_POST
def say(request: HttpRequest, slug: str) -> HttpResponse:
    """`kind` helped or misled, `note`, `step`, and `incident`, the number of one."""
    user = acting(request)
    require(user.at_least(Role.RESPONDER), WHO_FOLLOWS)
    runbook = get_object_or_404(visible_to(user), slug=slug)
    incident, step = _incident(request), request.POST.get("step", "")[:140]
    about = incident.subject if incident else ""
    kind = request.POST.get("kind", "")
    if kind == "helped":
        feedback.helped(runbook, about=about, step=step, by=user, at=clock.now())
    elif kind == "misled":
        feedback.misled(runbook, request.POST.get("note", "")[:2000], about=about, step=step, by=user, at=clock.now())
    else:
        raise Invalid("Say whether it helped or misled.")
    if request.POST.get("back") == "incident" and incident:
        return redirect("incident-detail", incident.pk)
    return redirect(runbook.get_absolute_url() + (f"?incident={incident.pk}" if incident else ""))


@require_POST
def missing(request: HttpRequest, pk: int) -> HttpResponse:
    """A stub is begun for the incident, or `none_needed` is the answer."""
    user = acting(request)
    incident = get_object_or_404(Incident.objects.visible_to(user), pk=pk)
    require(can_respond(user, incident), WHO_FOLLOWS)
    if request.POST.get("none_needed"):
        feedback.not_needed(incident, by=user, at=clock.now())
        return redirect("incident-detail", pk)
    stub = feedback.missing(incident.subject, by=user, at=clock.now())
    return redirect(reverse("runbook-detail", kwargs={"slug": stub.slug}) + f"?incident={pk}")


def _incident(request: HttpRequest) -> Incident | None:
    number = request.POST.get("incident", "")
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        return None
    return Incident.objects.visible_to(acting(request)).filter(pk=int(number)).first()
