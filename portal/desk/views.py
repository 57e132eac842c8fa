"""Preview, saving one text alone, its history, and bringing an old revision back."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from portal import clock
from portal.accounts.acting import acting
from portal.desk import diffs, revisions
from portal.desk.forms import conflict
from portal.desk.texts import LongText, texts
from portal.errors import Invalid, Stale, require
from portal.markdown.render import clean, refuse_too_long, to_html
from portal.web.throttle import refuse_too_often

PREVIEWS = 30  # a minute
OWN = "Only those who may edit this text may save it. What you wrote is still here."


@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """The text as it will be shown: the same renderer as at save."""
    refuse_too_often("preview", acting(request), a_minute=PREVIEWS)
    body = request.POST.get("body", "")
    refuse_too_long(body)
    return render(request, "desk/_preview.html", {"preview": to_html(body, prefix="md-preview-")})


@require_POST
def save(request: HttpRequest, name: str, pk: int) -> JsonResponse:
    """Save one text on top of the version that was read: `{version, at, html}`; 409 with both texts where somebody saved since."""
    text, row = _found(request, name, pk)
    require(text.may_edit(acting(request), row), OWN)
    body, base, seen = clean(request.POST.get("body", "")), request.POST.get("base", ""), _number(request, "version")
    try:
        saved = text.save(pk, body, seen=seen, by=acting(request), at=clock.now())
    except Stale:
        return _both(text, pk, base=clean(base), mine=body)
    html = getattr(saved, f"{text.field}_html", "")
    return JsonResponse({"version": saved.version, "body": getattr(saved, text.field), "html": html, "at": f"{timezone.localtime():%H:%M}"})


def _both(text: LongText, pk: int, *, base: str, mine: str) -> JsonResponse:
    """Nothing was written: the text of the other editor beside mine, and one that holds both."""
    row: Any = text.model._default_manager.get(pk=pk)
    last = revisions.of(text, row)[:1]
    who, at = (last[0].by, last[0].at) if last else (None, None)
    found = conflict(base=base, theirs=getattr(row, text.field), mine=mine, version=row.version, who=who, at=at)
    html = render_to_string("desk/_conflict.html", {"conflict": found})
    return JsonResponse({"code": "stale", "version": found.version, "theirs": found.theirs, "merged": found.merged, "html": html}, status=409)


@require_safe
def history(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    """Two revisions compared; by default the last change."""
    text, row = _found(request, name, pk)
    found = revisions.of(text, row)
    by_pk = {revision.pk: revision for revision in found}
    after = by_pk.get(_number(request, "to")) or (found[0] if found else None)
    older = [revision for revision in found if after and revision.pk < after.pk]
    before = by_pk.get(_number(request, "from")) or (older[0] if older else None)
    context = {
        "title": text.title(row),
        "back": text.back(row),
        "name": name,
        "row": row,
        "revisions": found,
        "before": before,
        "after": after,
        "lines": diffs.lines(before.body if before else "", after.body) if after else [],
        "current": found[0] if found else None,
        "may_edit": text.may_edit(acting(request), row),
        "now": clock.now(),
    }
    return render(request, "desk/history.html", context)


@require_POST
def restore(request: HttpRequest, name: str, pk: int, revision: int) -> HttpResponse:
    """An old text becomes the newest revision; the one that it replaces stays in the history."""
    text, row = _found(request, name, pk)
    require(text.may_edit(acting(request), row), OWN)
    wanted = next((found for found in revisions.of(text, row) if found.pk == revision), None)
    if wanted is None:
        raise Http404
    text.save(pk, wanted.body, seen=_number(request, "version"), by=acting(request), at=clock.now())
    return redirect("desk-history", name=name, pk=pk)


def _found(request: HttpRequest, name: str, pk: int) -> tuple[LongText, Any]:
    """The text and its row. Raises: Http404, there is none that this person may read."""
    text = texts.get(name)
    row = text.find(acting(request), pk) if text else None
    if text is None or row is None:
        raise Http404
    return text, row


def _number(request: HttpRequest, name: str) -> int:
    """0 where it is not given. Raises: Invalid."""
    given = (request.POST if request.method == "POST" else request.GET).get(name, "0")
    if not given.isascii() or not given.isdigit() or len(given) > 18:
        raise Invalid(f"“{name}” must be a number.")
    return int(given)
