"""Runbooks on the page: the list, one of them, and where an alert's link leads."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal import clock
from portal.accounts.acting import acting
from portal.accounts.roles import Role
from portal.search.views import facets
from runbooks import following, formatting, freshness, matching, panels, policies, rot, searching
from runbooks.importing import pictures
from runbooks.models import Following, SourceFile, Suggestion

RELATED = 5
SHOWN = 200  # of the whole library; more are found by searching
SUGGESTED = 5  # runbooks offered where none answers


@require_safe
def runbook_list(request: HttpRequest) -> HttpResponse:
    user, asked = acting(request), request.GET.get("q", "").strip()[:200]
    chosen = policies.visible_to(user).defer("body", "body_html", "links").prefetch_related("services", "aliases")
    if request.GET.get("state"):
        chosen = chosen.filter(state=request.GET["state"])
    context = {
        "q": asked,
        "runbooks": list(chosen[:SHOWN]),
        "total": policies.visible_to(user).count(),
        "found": searching.find(asked, user=user, facets=facets(request.GET)) if asked else None,
        "state": request.GET.get("state", ""),
        "counts": freshness.counts(),
        "rotting": rot.rotting() if not asked else [],
        "writes": policies.can_edit(user, None),
        "now": clock.now(),
    }
    return render(request, "runbooks/list.html", context)


@require_safe
def runbook_detail(request: HttpRequest, slug: str) -> HttpResponse:
    user = acting(request)
    visible = policies.visible_to(user).select_related("team", "owner").prefetch_related("services", "aliases", "sections")
    runbook = get_object_or_404(visible, slug=slug)
    sections = list(runbook.sections.all())
    formatting.for_reader(runbook, sections)
    now, followed = clock.now(), _followed_for(request)
    subject = following.subject_of(user, followed["about"]) if followed["about"] else None
    found = following.of(runbook, followed["about"]) if subject else None
    context = {
        "runbook": runbook,
        "sections": sections,
        **followed,
        "subject": subject,
        "may_follow": subject is not None and user.at_least(Role.RESPONDER),
        "judgement": freshness.judgement(runbook, now),
        "proven": {row.anchor: row.at for row in reversed(runbook.evidence.all())},
        "edits": policies.can_edit(user, runbook),
        "suggests": user.at_least(Role.RESPONDER),
        "suggestions": list(runbook.suggestions.filter(state=Suggestion.State.OPEN).select_related("by")),
        "rot": list(runbook.rot.all()),
        "in_conflict": runbook.files.exclude(theirs=None).exists(),
        "related": searching.related(runbook, user=user, limit=RELATED),
        "panels": panels.of(user, runbook, followed["about"], now),
        "now": now,
    }
    if found:
        context.update(_shown(found))
        return render(request, "runbooks/following.html", context)
    return render(request, "runbooks/detail.html", context)


def _shown(found: Following) -> dict[str, Any]:
    """What the page of a followed runbook needs: its frozen sections with numbers, ticks and blanks."""
    progress = following.progress(Following.objects.select_related("runbook").prefetch_related("steps__by").get(pk=found.pk))
    number, shown = 0, []
    for section in found.sections:
        inside = []
        for block in section["blocks"]:
            number += block["kind"] == "step"
            inside.append({**block, "number": number, "marked": progress.marked.get(block["key"])})
        shown.append({**section, "blocks": inside})
    blanks = [(name, found.blanks.get(name, "")) for name in following.blanks_of(found)]
    return {"progress": progress, "frozen": shown, "blanks": blanks}


@require_safe
def runbook_short(request: HttpRequest, alertname: str) -> HttpResponse:
    """`/r/<alertname>`: on to the runbook, or a page that says that nobody wrote one."""
    user, incident = acting(request), _incident(request)
    match = matching.match_for_alertname(alertname)
    if match:
        asked, fragment = f"?incident={incident}" if incident else "", f"#{match.anchor}" if match.anchor else ""
        return redirect(match.runbook.get_absolute_url() + asked + fragment)
    prefilled = urlencode({"title": alertname[:200], "aliases": alertname[:200]})
    context = {
        "alertname": alertname,
        **_followed_for(request),
        "suggested": searching.like_alert(alertname, user=user, limit=SUGGESTED),
        "claim_url": f"{reverse('runbook-new')}?{prefilled}" if policies.can_edit(user, None) else "",
    }
    return render(request, "runbooks/claim.html", context)


@require_safe
def runbook_file(request: HttpRequest, source: str, path: str) -> HttpResponse:
    """An image of an imported page, as its bytes say; nothing else is served."""
    acting(request)
    file = get_object_or_404(SourceFile, source__slug=source, path=path, encoding="", gone_at=None)
    kind = pictures.kind_of(bytes(file.content))
    if not kind:
        raise Http404
    response = HttpResponse(bytes(file.content), content_type=kind, headers={"Content-Security-Policy": "default-src 'none'; sandbox"})
    return response


def _followed_for(request: HttpRequest) -> dict[str, str]:
    number = _incident(request)
    return {"incident": number, "incident_url": f"/incidents/{number}/", "about": f"incident:{number}" if number else ""}


def _incident(request: HttpRequest) -> str:
    """The number of the incident that somebody follows this runbook for, as digits; else empty."""
    number = request.GET.get("incident", "")
    return number if number.isascii() and number.isdecimal() and len(number) < 10 else ""
