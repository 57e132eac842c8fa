"""Writing a runbook on its page: the form, a suggested edit, and what an editor makes of a suggestion."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from oncall.policies import teams_edited_by
from portal import clock
from portal.accounts.acting import acting
from portal.accounts.roles import Role
from portal.desk import diffs
from portal.errors import DomainError, Stale, require
from runbooks import editing, policies, suggesting
from runbooks.forms import AnswerForm, RunbookPageForm, SuggestionForm, prepared
from runbooks.models import Runbook, Suggestion


@require_http_methods(["GET", "HEAD", "POST"])
def runbook_new(request: HttpRequest) -> HttpResponse:
    """`title` and `aliases` may be given in the address."""
    user = acting(request)
    require(policies.can_edit(user, None), policies.WHO_EDITS)
    initial = {"title": request.GET.get("title", "")[:200], "aliases": request.GET.get("aliases", "")[:200], "team": teams_edited_by(user).first()}
    return _form(request, None, initial={name: value for name, value in initial.items() if value})


@require_http_methods(["GET", "HEAD", "POST"])
def runbook_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """For editors of its team; who may only suggest is led there."""
    user = acting(request)
    runbook = get_object_or_404(policies.visible_to(user).select_related("team"), slug=slug)
    if request.method != "POST" and not policies.can_edit(user, runbook) and user.at_least(Role.RESPONDER):
        return redirect("runbook-suggest", slug=slug)
    require(policies.can_edit(user, runbook), policies.WHO_EDITS)
    return _form(request, runbook)


def _form(request: HttpRequest, runbook: Runbook | None, initial: dict[str, Any] | None = None) -> HttpResponse:
    form = RunbookPageForm(request.POST or None, instance=runbook, initial=initial, user=acting(request))
    if request.method == "POST":
        made = prepared(request.POST.get("body", ""), runbook)
        with transaction.atomic():
            if form.is_valid() and made:
                given = form.cleaned_data
                saved = form.instance
                if form.has_changed():
                    saved = editing.write(saved, made, by=acting(request), at=clock.now(), services=given["services"], aliases=given["aliases"])
                return redirect(saved.get_absolute_url())
    context = {"form": form, "runbook": runbook, "now": clock.now()}
    return render(request, "runbooks/edit.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def runbook_suggest(request: HttpRequest, slug: str) -> HttpResponse:
    """The whole text, changed, with a sentence that says why; `version`: of the text that was read."""
    user = acting(request)
    runbook = get_object_or_404(policies.visible_to(user).select_related("team"), slug=slug)
    require(user.at_least(Role.RESPONDER), suggesting.WHO_SUGGESTS)
    form = SuggestionForm(request.POST or None, initial={"body": runbook.body})
    version = request.POST.get("version", "")
    seen = int(version) if version.isascii() and version.isdecimal() and len(version) < 10 else runbook.version
    if request.method == "POST" and form.is_valid():
        try:
            given = form.cleaned_data
            made = suggesting.suggest(runbook, given["body"], seen=seen, note=given["note"], by=user, at=clock.now())
            return redirect("runbook-suggestion", pk=made.pk)
        except DomainError as refusal:
            form.add_error("body", str(refusal))
    context = {"form": form, "runbook": runbook, "seen": seen, "now": clock.now()}
    return render(request, "runbooks/suggest.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def suggestion(request: HttpRequest, pk: int) -> HttpResponse:
    """What it changes; editors take it over, as it is or as they make it, or decline it. `do`: take or decline."""
    user = acting(request)
    visible = Suggestion.objects.filter(runbook__in=policies.visible_to(user)).select_related("runbook__team", "by", "decided_by")
    found = get_object_or_404(visible, pk=pk)
    decides = policies.can_edit(user, found.runbook)
    both = suggesting.merged(found)
    form = AnswerForm(request.POST or None, initial={"body": both.text})
    if request.method == "POST":
        require(decides, policies.WHO_EDITS)
        if form.is_valid() and _decided(request, found, form):
            return redirect(found.runbook.get_absolute_url() if request.POST.get("do") == "take" else suggesting.url(found))
    context = {
        "suggestion": found,
        "runbook": found.runbook,
        "lines": diffs.lines(found.base, found.body),
        "collisions": both.collisions,
        "moved_on": found.runbook.version != found.base_version,
        "form": form if decides and found.state == Suggestion.State.OPEN else None,
        "now": clock.now(),
    }
    return render(request, "runbooks/suggestion.html", context, status=422 if form.errors else 200)


def _decided(request: HttpRequest, found: Suggestion, form: AnswerForm) -> bool:
    """False: it was refused, and the form says why."""
    answer, by, at = form.cleaned_data["answer"], acting(request), clock.now()
    version = request.POST.get("version", "")
    seen = int(version) if version.isascii() and version.isdecimal() and len(version) < 10 else 0
    try:
        if request.POST.get("do") == "take":
            suggesting.take(found.pk, form.cleaned_data["body"], seen=seen, answer=answer, by=by, at=at)
            messages.success(request, f"The edit by {found.by} is part of the runbook now. Read it once more and confirm its sections.")
        else:
            suggesting.decline(found.pk, answer, by=by, at=at)
    except Stale:
        form.add_error("body", "Somebody saved the runbook since you opened this page. Compare once more, then save again.")
        return False
    except DomainError as refusal:
        form.add_error("answer", str(refusal))
        return False
    return True
