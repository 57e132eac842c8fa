"""Writing runbooks; targets and runs of diagnostics."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.widgets import UnfoldAdminTextareaWidget

from oncall.policies import teams_edited_by
from portal import clock
from portal.accounts.acting import acting
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.errors import Invalid
from portal.markdown import render
from portal.web.admin import PolicyAdmin, VersionedAdmin
from portal.web.versions import VersionedForm
from runbooks import editing, policies
from runbooks.models import DiagnosticRun, Runbook, Target


class RunbookForm(VersionedForm):
    aliases = forms.CharField(
        required=False,
        label="Alerts",
        help_text="Names of the alerts that this runbook answers, one on each line. /r/<name> leads here.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
    )

    class Meta:
        model = Runbook
        fields = ["title", "slug", "summary", "team", "owner", "services", "body"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["aliases"].initial = "\n".join(self.instance.aliases.values_list("alertname", flat=True))

    def clean_body(self) -> str:
        body: str = self.cleaned_data["body"]
        return cast(str, _told(render.refuse_too_long, body)) or body

    def clean_aliases(self) -> list[str]:
        names = editing.alertnames(self.cleaned_data["aliases"])
        _told(editing.refuse_taken, names, self.instance)
        return names


def _told(check: Any, *args: Any) -> Any:
    """A refusal beside its field, with what was typed."""
    try:
        return check(*args)
    except Invalid as refusal:
        raise ValidationError(str(refusal), code=refusal.code) from refusal


@admin.register(Runbook)
class RunbookAdmin(VersionedAdmin):
    form = RunbookForm
    list_display = ["title", "team", "owner", "updated_at"]
    list_filter = ["team", "services", "source"]
    list_select_related = ["team", "owner"]
    search_fields = ["title", "slug", "aliases__alertname"]
    prepopulated_fields = {"slug": ["title"]}
    autocomplete_fields: list[str] = []
    filter_horizontal = ["services"]
    fields = ["title", "slug", "summary", "team", "owner", "services", "aliases", "body", "seen_version"]

    def may_change(self, user: User, thing: Any | None) -> bool:
        return policies.can_edit(user, thing)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "team":
            kwargs["queryset"] = teams_edited_by(acting(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Formats before the admin's transaction begins, so that no lock waits for it."""
        body = request.POST.get("body", "")
        if request.method == "POST" and len(body) <= settings.MARKDOWN_LIMIT:
            request.prepared = editing.prepare(body)  # type: ignore[attr-defined]
        return cast(HttpResponse, super().changeform_view(request, *args, **kwargs))

    def save_model(self, request: HttpRequest, obj: Runbook, form: Any, change: bool) -> None:
        by, given = acting(request), form.cleaned_data
        prepared = request.prepared  # type: ignore[attr-defined]
        editing.write(obj, prepared, by=by, at=clock.now(), services=given["services"], aliases=given["aliases"])


@admin.register(Target)
class TargetAdmin(PolicyAdmin):
    list_display = ["slug", "kind", "stage", "host", "port"]

    def may_view(self, user: User, thing: Any | None) -> bool:
        return user.at_least(Role.ADMIN)


@admin.register(DiagnosticRun)
class DiagnosticRunAdmin(PolicyAdmin):
    list_display = ["pk", "diagnostic", "target", "state", "finding", "asked_by", "queued_at"]
    list_filter = ["diagnostic", "state", "severity"]
    list_select_related = ["target", "asked_by"]

    def may_change(self, user: User, thing: Any | None) -> bool:
        return False  # what was found stays as it was found

    def get_queryset(self, request: HttpRequest) -> QuerySet[DiagnosticRun]:
        found: QuerySet[DiagnosticRun] = super().get_queryset(request)
        return found.filter(pk__in=DiagnosticRun.objects.visible_to(acting(request)))
