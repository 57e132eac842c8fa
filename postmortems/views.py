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
from portal.accounts.roles import Role
from portal.errors import require
from postmortems import exporting, facts, findings, lint, pictures, policies, questions, reading, reviewing, writing
from postmortems.forms import Verdict
from postmortems.models import Postmortem, Tag

PER_PAGE = 50
STATES = {"all": "All", "writing": "Being written", "fixes": "Fixes open", "imported": "Imported"}


@require_safe
def postmortem_list(request: HttpRequest) -> HttpResponse:
    state = request.GET.get("state", "all")
    tag = Tag.objects.filter(pk=request.GET["tag"]).first() if request.GET.get("tag", "").isdecimal() else None
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
    elif state == "imported":
        found = found.filter(incident=None)
    if tag:
        found = found.filter(tags=tag)
    page = Paginator(found.order_by("-pk"), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "postmortems/list.html", {"page": page, "state": state, "states": STATES, "tag": tag, "now": clock.now()})


@require_safe
def postmortem_detail(request: HttpRequest, pk: int) -> HttpResponse:
    visible = Postmortem.objects.visible_to(acting(request)).select_related("incident__service__team", "author", "team")
    return show(request, get_object_or_404(visible, pk=pk))


def show(request: HttpRequest, postmortem: Postmortem, status: int = 200, **more: Any) -> HttpResponse:
    user = acting(request)
    reviews = list(postmortem.reviews.select_related("person"))
    found = findings.of(postmortem, user)
    asked = questions.of(postmortem, found)
    may_edit = policies.can_edit(user, postmortem)
    context: dict[str, Any] = {
        "postmortem": postmortem,
        "entries": postmortem.imported_entries.all(),
        "reviews": reviews,
        "my_review": any(review.person_id == user.pk and not review.verdict for review in reviews) and not postmortem.is_finished,
        "hints": lint.hints(postmortem, found, asked) if not postmortem.is_finished else [],
        "found": found,
        "asked": asked,
        "changed": facts.changed_since(postmortem),
        "related": reading.related(postmortem, user),
        "comments": postmortem.comments.select_related("by", "section"),
        "may_comment": user.at_least(Role.RESPONDER),
        "facts": facts.of(postmortem),
        "sections": postmortem.sections.all(),
        "items": [(item, item.days_late(clock.now())) for item in postmortem.action_items.select_related("owner", "team")],
        "may_edit": may_edit,
        "may_waive": not postmortem.is_finished and policies.can_waive(user, postmortem),
        "may_choose": may_edit and not postmortem.is_finished,
        "pictures": [(picture, pictures.markdown_of(picture)) for picture in postmortem.pictures.all()] if may_edit else [],
        "now": clock.now(),
        **more,
    }
    return render(request, "postmortems/detail.html", context, status=status)


@require_POST
def postmortem_review(request: HttpRequest, pk: int) -> HttpResponse:
    """The verdict of somebody who was asked; what they typed is kept when it is refused."""
    postmortem = get_object_or_404(Postmortem.objects.visible_to(acting(request)), pk=pk)
    form = Verdict(request.POST)
    if not form.is_valid():
        return show(request, postmortem, 422, review_form=form)
    reviewing.answer(pk, by=acting(request), verdict=form.cleaned_data["verdict"], comment=form.cleaned_data["comment"], at=clock.now())
    return redirect("postmortem-detail", pk=pk)


@require_safe
def postmortem_export(request: HttpRequest, pk: int) -> HttpResponse:
    """As Markdown that imports back."""
    postmortem = get_object_or_404(exporting.with_everything(Postmortem.objects.visible_to(acting(request))), pk=pk)
    response = HttpResponse(exporting.to_markdown(postmortem), content_type="text/markdown; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{exporting.file_name(postmortem)}"'
    return response


@require_safe
def postmortem_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole document on one plain page: to print, to read as a whole before it is published, to keep as a file."""
    visible = Postmortem.objects.visible_to(acting(request)).select_related("incident__service__team", "author", "team")
    postmortem = get_object_or_404(visible, pk=pk)
    found = findings.of(postmortem, acting(request))
    context = {
        "postmortem": postmortem,
        "found": found,
        "asked": questions.of(postmortem, found),
        "entries": postmortem.imported_entries.all(),
        "facts": facts.of(postmortem),
        "sections": postmortem.sections.all(),
        "items": [(item, item.days_late(clock.now())) for item in postmortem.action_items.select_related("owner", "team")],
        "now": clock.now(),
    }
    return render(request, "postmortems/page.html", context)


@require_POST
def postmortem_start(request: HttpRequest, incident: int) -> HttpResponse:
    """One click on a resolved incident; leads to the writing desk."""
    found = get_object_or_404(Incident.objects.visible_to(acting(request)), pk=incident)
    require(policies.can_start(acting(request)), "Responders start postmortems; you may read them.")
    postmortem = writing.start(found.pk, by=acting(request), at=clock.now())
    if policies.can_edit(acting(request), postmortem):
        return redirect("admin:postmortems_postmortem_change", postmortem.pk)
    return redirect("postmortem-detail", pk=postmortem.pk)
