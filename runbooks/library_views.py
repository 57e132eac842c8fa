"""The library as a whole: importing an archive, deciding conflicts, checking alert rules."""

from __future__ import annotations

from typing import cast

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from oncall.models import Team
from oncall.policies import teams_edited_by
from portal import clock
from portal.accounts.acting import acting
from portal.errors import DomainError, require
from runbooks import conflicts, policies, rules_lint
from runbooks.importing import files, importer, sources
from runbooks.models import RunbookSource

LARGEST = 20 * 1024 * 1024  # bytes of an uploaded archive


class ImportForm(forms.Form):
    source = forms.SlugField(max_length=60, label="Name of the source", help_text="The same name again updates what came from it.")
    team: forms.ModelChoiceField[Team] = forms.ModelChoiceField(
        queryset=Team.objects.none(), label="Team", help_text="Its runbooks belong to this team."
    )
    archive = forms.FileField(label="A .zip of Markdown files", widget=forms.ClearableFileInput(attrs={"accept": ".zip,application/zip"}))

    def clean_archive(self) -> UploadedFile[bytes]:
        archive = cast("UploadedFile[bytes]", self.cleaned_data["archive"])
        if (archive.size or 0) > LARGEST:
            raise forms.ValidationError(f"Up to {LARGEST // 1024 // 1024} MB; use the command import_runbooks for more.")
        return archive


@require_http_methods(["GET", "HEAD", "POST"])
def import_archive(request: HttpRequest) -> HttpResponse:
    user = acting(request)
    require(policies.can_edit(user, None), policies.WHO_EDITS)
    form = ImportForm(request.POST or None, request.FILES or None)
    form.fields["team"].queryset = teams_edited_by(user)  # type: ignore[attr-defined]
    report = None
    if request.method == "POST" and form.is_valid():
        team = form.cleaned_data["team"]
        try:
            known = RunbookSource.objects.filter(slug=form.cleaned_data["source"]).first()
            require(known is None or policies.can_write_for(user, known.team), policies.WHO_EDITS)
            tree = files.Archive(form.cleaned_data["archive"].file)
            report = importer.run(sources.named(form.cleaned_data["source"], team=team.slug), tree, by=user, at=clock.now())
        except DomainError as refusal:
            form.add_error("archive", str(refusal))
    context = {"form": form, "report": report, "sources": RunbookSource.objects.select_related("team"), "now": clock.now()}
    return render(request, "runbooks/import.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def conflict(request: HttpRequest, slug: str) -> HttpResponse:
    """What the source says, what is here, and what both came from; `keep` mine or theirs."""
    user = acting(request)
    runbook = get_object_or_404(policies.visible_to(user), slug=slug)
    require(policies.can_edit(user, runbook), policies.WHO_EDITS)
    file = get_object_or_404(runbook.files.exclude(theirs=None))
    if request.method == "POST":
        conflicts.decide(file.pk, request.POST.get("keep", ""), by=user, at=clock.now())
        return redirect(runbook.get_absolute_url())
    return render(request, "runbooks/conflict.html", {"runbook": runbook, "file": file, "sides": conflicts.sides(file), "now": clock.now()})


@require_http_methods(["GET", "HEAD", "POST"])
def rules(request: HttpRequest) -> HttpResponse:
    """The alert rules that were pasted, against the library."""
    acting(request)
    text = request.POST.get("rules", "")[: rules_lint.LONGEST]
    result = rules_lint.lint_text(text) if text.strip() else None
    return render(request, "runbooks/rules.html", {"text": text, "result": result, "now": clock.now()})
