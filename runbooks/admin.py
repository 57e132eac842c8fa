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
from portal.desk.forms import DeskForm, MarkdownField
from portal.errors import Invalid
from portal.web.admin import PolicyAdmin, VersionedAdmin
from runbooks import editing, policies
from runbooks.desk import BODY
from runbooks.diagnostics import targets
from runbooks.models import Change, ChangeRight, DiagnosticRun, Runbook, Target


class RunbookForm(DeskForm):
    body = MarkdownField(text=BODY, help_text="Markdown. Headings of the first two levels make the sections.")
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


class TargetForm(forms.ModelForm[Target]):
    """Says what is wrong beside its field; `doctor` says whether it can be reached."""

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if not self.errors:
            for name, problem in targets.problems(self.instance).items():
                self.add_error(name, problem)

    class Meta:
        model = Target
        fields = [
            *[
                "slug",
                "kind",
                "stage",
                "service",
                "host",
                "port",
                "database",
                "path",
                "uses_tls",
                "username",
                "secret",
                "password_variable",
                "options",
            ],
        ]


@admin.register(Target)
class TargetAdmin(PolicyAdmin):
    form = TargetForm
    list_display = ["slug", "kind", "stage", "service", "host", "port"]
    list_filter = ["kind", "stage"]
    list_select_related = ["service"]

    def may_view(self, user: User, thing: Any | None) -> bool:
        return user.at_least(Role.ADMIN)


@admin.register(ChangeRight)
class ChangeRightAdmin(PolicyAdmin):
    """Who may run what changes something."""

    list_display = ["user", "given_by", "given_at"]
    list_select_related = ["user", "given_by"]
    fields = ["user"]

    def may_view(self, user: User, thing: Any | None) -> bool:
        return user.at_least(Role.ADMIN)

    def save_model(self, request: HttpRequest, obj: ChangeRight, form: Any, change: bool) -> None:
        if not change:
            obj.given_by, obj.given_at = acting(request), clock.now()
        obj.save()


@admin.register(Change)
class ChangeAdmin(PolicyAdmin):
    list_display = ["at", "kind", "service", "title", "version", "author"]
    list_filter = ["kind", "service"]
    list_select_related = ["service"]

    def may_change(self, user: User, thing: Any | None) -> bool:
        return False  # told by pipelines


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
