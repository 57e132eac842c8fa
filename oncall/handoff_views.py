"""The hand-off: written by the portal, completed by whoever goes, accepted by whoever comes."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from oncall import handoffs, policies
from oncall.models import Checklist, Handoff
from portal import clock
from portal.accounts.acting import acting
from portal.errors import Invalid, require


def _handoff(pk: int) -> Handoff:
    return get_object_or_404(Handoff.objects.select_related("rotation__team", "outgoing", "incoming", "accepted_by"), pk=pk)


def _drawn(section: dict[str, Any], handoff: Handoff) -> dict[str, Any]:
    """With `lines`: its items, each saying whether it was left out."""
    return {**section, "lines": [{**item, "left_out": item["key"] in handoff.left_out} for item in section["items"]]}


@require_http_methods(["GET", "HEAD", "POST"])
def handoff_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """POST keeps the words; with `send` it is sent as well."""
    handoff, user, now = _handoff(pk), acting(request), clock.now()
    if request.method == "POST":
        require(policies.can_hand_over(user, handoff), f"{handoff.outgoing} writes this hand-off.")
        seen = request.POST.get("seen_version", "")
        if not seen.isascii() or not seen.isdigit():
            raise Invalid("The form lacks the version that it began from. Open the hand-off again.")
        known = {item["key"] for section in handoffs.sections(handoff, now) for item in section["items"]}
        left_out = [key for key in request.POST.getlist("leave_out") if key in known]
        words = {name: request.POST.get(name, "").replace("\r\n", "\n")[:10_000] for name in ("changed", "watch")}
        handoffs.write(handoff.pk, **words, left_out=left_out, by=user, seen=int(seen))
        if "send" in request.POST:
            handoffs.send(handoff.pk, at=now)
            messages.success(request, f"Sent to {handoff.incoming}.")
        return redirect("handoff-detail", pk=pk)
    ready = Checklist.objects.filter(person=handoff.incoming, about=f"shift:{handoff.rotation_id}:{handoff.at:%Y-%m-%dT%H:%MZ}")
    sections = handoffs.sections(handoff, now)
    context = {
        "handoff": handoff,
        "sections": [_drawn(section, handoff) for section in sections if section["items"]],
        "quiet": [section["title"] for section in sections if not section["items"]],
        "may_write": handoff.state != Handoff.State.ACCEPTED and policies.can_hand_over(user, handoff),
        "may_accept": handoff.state != Handoff.State.ACCEPTED and policies.can_take_over(user, handoff),
        "checklists": ready.prefetch_related("items"),
        "late_at": handoff.at + handoffs.LEAD_AFTER,
        "now": now,
    }
    return render(request, "oncall/handoff.html", context)


@require_POST
def handoff_accept(request: HttpRequest, pk: int) -> HttpResponse:
    handoff = _handoff(pk)
    require(policies.can_take_over(acting(request), handoff), f"{handoff.incoming} accepts this hand-off.")
    handoffs.accept(pk, by=acting(request), at=clock.now())
    messages.success(request, "Accepted. The shift is yours.")
    return redirect("handoff-detail", pk=pk)
