"""Pages of postmortems: the list, one to read, and the click that starts one."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from incidents.models import Incident
from portal import clock
from portal.accounts.acting import acting
from portal.errors import require
from postmortems import facts, policies, writing
from postmortems.models import Postmortem

PER_PAGE = 50
STATES = {"all": "All", "writing": "Being written", "fixes": "Fixes open"}


@require_safe
def postmortem_list(request: HttpRequest) -> HttpResponse:
    state = request.GET.get("state", "all")
    unfinished = Q(action_items__status__in=["open", "in_progress"])
    found = (
        Postmortem.objects.visible_to(acting(request))
        .select_related("incident", "author")
        .annotate(items=Count("action_items"), items_done=Count("action_items", filter=~unfinished & Q(action_items__isnull=False)))
    )
    if state == "writing":
        found = found.filter(status__in=["draft", "in_review"])
    elif state == "fixes":
        found = found.filter(items_done__lt=F("items"))
    page = Paginator(found.order_by("-pk"), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "postmortems/list.html", {"page": page, "state": state, "states": STATES, "now": clock.now()})


@require_safe
def postmortem_detail(request: HttpRequest, pk: int) -> HttpResponse:
    visible = Postmortem.objects.visible_to(acting(request)).select_related("incident__service__team", "author", "team")
    postmortem = get_object_or_404(visible, pk=pk)
    context: dict[str, Any] = {
        "postmortem": postmortem,
        "facts": facts.of(postmortem),
        "sections": postmortem.sections.all(),
        "items": [(item, item.days_late(clock.now())) for item in postmortem.action_items.select_related("owner", "team")],
        "may_edit": policies.can_edit(acting(request), postmortem),
        "now": clock.now(),
    }
    return render(request, "postmortems/detail.html", context)


@require_POST
def postmortem_start(request: HttpRequest, incident: int) -> HttpResponse:
    """One click on a resolved incident; leads to the writing desk."""
    found = get_object_or_404(Incident.objects.visible_to(acting(request)), pk=incident)
    require(policies.can_start(acting(request)), "Responders start postmortems; you may read them.")
    postmortem = writing.start(found.pk, by=acting(request), at=clock.now())
    if policies.can_edit(acting(request), postmortem):
        return redirect("admin:postmortems_postmortem_change", postmortem.pk)
    return redirect("postmortem-detail", pk=postmortem.pk)
