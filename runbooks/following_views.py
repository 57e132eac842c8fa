"""Following a runbook on its page: begin, tick, skip, take back, fill the blanks; and saying in a review that its sections hold."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from portal import clock
from portal.accounts.acting import acting
from portal.errors import Invalid, require
from runbooks import following, freshness, policies
from runbooks.models import Following


@require_POST
def follow(request: HttpRequest, slug: str) -> HttpResponse:
    user = acting(request)
    runbook = get_object_or_404(policies.visible_to(user).prefetch_related("sections"), slug=slug)
    number = request.POST.get("incident", "")
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise Invalid("Say for which incident.")
    following.begin(runbook, f"incident:{number}", by=user, at=clock.now())
    return redirect(f"{runbook.get_absolute_url()}?incident={number}")


@require_POST
def mark_step(request: HttpRequest, pk: int) -> HttpResponse:
    """`key`, and `do`: done, skip or back; `note` says what was seen, or why it is skipped. `back`: to the page of what it is followed for."""
    user, found = acting(request), _following(request, pk)
    key, note, do = request.POST.get("key", "")[:140], request.POST.get("note", "")[:500], request.POST.get("do", "done")
    if do == "skip":
        following.skip(found.pk, key, note, by=user, at=clock.now())
    elif do == "back":
        following.take_back(found.pk, key, by=user, at=clock.now())
    else:
        following.tick(found.pk, key, note=note, by=user, at=clock.now())
    about = following.subject_of(user, found.about) if "back" in request.POST else None
    return redirect(f"{about.url}#inc-step" if about else _back(found, "#now"))


@require_POST
def fill_blanks(request: HttpRequest, pk: int) -> HttpResponse:
    """`blank:<name>` for each."""
    user, found = acting(request), _following(request, pk)
    values = {name.removeprefix("blank:"): value for name, value in request.POST.items() if name.startswith("blank:") and isinstance(value, str)}
    following.fill(found.pk, values, by=user)
    return redirect(_back(found, "#now"))


@require_POST
def review(request: HttpRequest, slug: str) -> HttpResponse:
    """`anchor`: each section that was read and found true; `all` for every one."""
    user = acting(request)
    runbook = get_object_or_404(policies.visible_to(user), slug=slug)
    require(policies.can_edit(user, runbook), policies.WHO_EDITS)
    anchors = list(freshness.hashes(runbook)) if request.POST.get("all") else request.POST.getlist("anchor")
    freshness.review(runbook, anchors, by=user, at=clock.now())
    return redirect(runbook.get_absolute_url())


def _following(request: HttpRequest, pk: int) -> Following:
    """404 for one that is about something hidden from this person."""
    found = get_object_or_404(Following.objects.select_related("runbook"), pk=pk)
    if following.subject_of(acting(request), found.about) is None:
        return get_object_or_404(Following, pk=0)
    return found


def _back(found: Following, fragment: str) -> str:
    return f"{found.runbook.get_absolute_url()}?incident={found.about.partition(':')[2]}{fragment}"
