"""The first steps of a new installation: each package says what is to be done and looks at the data whether it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal import clock, doctor
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.doctor import Level
from portal.models import Resource
from portal.shelves import Shelf


@dataclass(frozen=True, slots=True)
class Step:
    """`seen` answers what shows that it is done ("14 requests received"), "" while it is not; a fixed number of queries."""

    title: str
    how: str
    seen: Callable[[datetime], str]
    url: Callable[[], str]
    order: int


STEPS: Shelf[Step] = Shelf("first steps")

RESOURCES = (
    ("Google SRE Book - Incident Response", "https://sre.google/sre-book/managing-incidents/"),
    ("PagerDuty Incident Response", "https://response.pagerduty.com/"),
    ("Atlassian Incident Handbook", "https://www.atlassian.com/incident-management/handbook"),
    ("Blameless Postmortems", "https://sre.google/sre-book/postmortem-culture/"),
)


def lay_out_resources(now: datetime) -> str:
    """The seed chapter of links. Only into an empty table: a link that somebody took out stays out."""
    if Resource.objects.exists():
        return ""
    Resource.objects.bulk_create(Resource(title=title, url=url, order=order) for order, (title, url) in enumerate(RESOURCES, start=1))
    return f"{len(RESOURCES)} links to read"


@require_safe
def first_steps(request: HttpRequest) -> HttpResponse:
    """What is still missing: the steps in their order; administrators also see what doctor would repair."""
    now, user = clock.now(), cast(User, request.user)
    steps = sorted((step for _, step in STEPS), key=lambda step: step.order)
    seen = [(step, step.seen(now), step.url()) for step in steps]
    findings = [found for found in doctor.examine(now) if found.level != Level.GREEN] if user.at_least(Role.ADMIN) else None
    context = {
        "steps": seen,
        "done": sum(bool(evidence) for _, evidence, _ in seen),
        "findings": findings,
        "resources": Resource.objects.all(),
        "now": now,
    }
    return render(request, "home/first_steps.html", context)
