"""The page behind a page's link. GET shows; POST acknowledges as the person who was paged. No sign-in: at three in the morning there is none."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from incidents import lifecycle, links
from portal import clock
from portal.notify import methods


@require_http_methods(["GET", "HEAD", "POST"])
def acknowledge_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Safe to press twice: the second time it says who has it."""
    link, said = links.read(token), ""
    if request.method == "POST":
        now = clock.now()
        methods.prove(link.person, link.method, at=now)
        try:
            link.incident = lifecycle.acknowledge(link.incident.pk, by=link.person, at=now)
        except lifecycle.AlreadyMoved as refusal:
            said = str(refusal)
    return render(request, "incidents/acknowledge_by_link.html", {"incident": link.incident, "person": link.person, "said": said})
