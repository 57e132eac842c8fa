"""What people do beside the text of a postmortem: choose entries, answer questions, comment, add pictures."""

from __future__ import annotations

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from portal import clock
from portal.accounts.acting import acting
from portal.accounts.roles import Role
from portal.errors import Invalid, require
from postmortems import commenting, pictures, policies, questions, views, writing
from postmortems.models import Comment, Picture, Postmortem

WRITERS = "Only the team that owns this postmortem may do that."
PICTURE_POLICY = "default-src 'none'; sandbox"  # what somebody uploaded is shown, never run


def _visible(request: HttpRequest, pk: int) -> Postmortem:
    return get_object_or_404(Postmortem.objects.visible_to(acting(request)).select_related("incident__service__team", "author", "team"), pk=pk)


def _own(request: HttpRequest, pk: int) -> Postmortem:
    postmortem = _visible(request, pk)
    require(policies.can_edit(acting(request), postmortem), WRITERS)
    return postmortem


@require_POST
def leave_out(request: HttpRequest, pk: int) -> HttpResponse:
    """`entry=12&out=1`, or without `out` to show it again."""
    entry = request.POST.get("entry", "")
    writing.leave_out(_own(request, pk).pk, int(entry) if entry.isdecimal() and len(entry) < 19 else 0, out=request.POST.get("out") == "1")
    return redirect(f"/postmortems/{pk}/#timeline")


@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    questions.answer(_own(request, pk).pk, request.POST.get("key", ""), request.POST.get("text", ""), by=acting(request), at=clock.now())
    return redirect(f"/postmortems/{pk}/#questions")


@require_POST
def comment(request: HttpRequest, pk: int) -> HttpResponse:
    """What was typed is kept when it is refused."""
    postmortem = _visible(request, pk)
    require(acting(request).at_least(Role.RESPONDER), "Responders comment on postmortems; you may read them.")
    text = request.POST.get("text", "")
    try:
        commenting.say(postmortem, text, section=request.POST.get("section", ""), by=acting(request), at=clock.now())
    except Invalid as refusal:
        return views.show(request, postmortem, 422, comment_refused=str(refusal), comment_text=text)
    return redirect(f"/postmortems/{pk}/#comments")


@require_POST
def comment_settle(request: HttpRequest, pk: int, comment: int) -> HttpResponse:
    found = get_object_or_404(Comment, pk=comment, postmortem=_own(request, pk))
    commenting.settle(found.pk, at=clock.now())
    return redirect(f"/postmortems/{pk}/#comments")


@require_POST
def waive(request: HttpRequest, pk: int) -> HttpResponse:
    """No postmortem will be written; the reason stands in the decision log."""
    postmortem = _visible(request, pk)
    require(policies.can_waive(acting(request), postmortem), "A lead of its team waives a postmortem.")
    reason = request.POST.get("reason", "")
    try:
        writing.move(pk, Postmortem.Status.WAIVED, by=acting(request), at=clock.now(), reason=reason)
    except Invalid as refusal:
        return views.show(request, postmortem, 422, waive_refused=str(refusal), waive_text=reason)
    return redirect("postmortem-detail", pk=pk)


@require_POST
def picture_add(request: HttpRequest, pk: int) -> HttpResponse:
    """The page then shows the line to paste into the text."""
    postmortem = _own(request, pk)
    given = request.FILES.get("picture")
    if given is None or given.file is None:
        raise Invalid("Choose a picture.")
    pictures.add(postmortem, given.name or "picture", given.file, by=acting(request), at=clock.now())
    return redirect(f"/postmortems/{pk}/#pictures")


@require_safe
def picture(request: HttpRequest, pk: int, picture: int) -> FileResponse:
    found = get_object_or_404(Picture, pk=picture, postmortem=_visible(request, pk))
    response = FileResponse(found.file.open("rb"), filename=found.name, content_type=found.media_type)
    response["Content-Security-Policy"] = PICTURE_POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, max-age=86400"
    return response
