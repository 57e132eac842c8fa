"""Writing runbooks; targets and runs of diagnostics."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.widgets import UnfoldAdminTextareaWidget

from oncall.policies import teams_edited_by
from portal import clock
from portal.accounts.acting import acting
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.web.admin import PolicyAdmin, VersionedAdmin
from runbooks import editing, policies
from runbooks.diagnostics import targets
from runbooks.forms import RunbookForm, prepared
from runbooks.models import Change, ChangeRight, DiagnosticRun, Runbook, Target


class RunbookAdminForm(RunbookForm):
    """With the admin's own look for the lists of names."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("aliases", "matchers"):
            self.fields[name].widget = UnfoldAdminTextareaWidget(attrs={"rows": 4})


@admin.register(Runbook)
class RunbookAdmin(VersionedAdmin):
    form = RunbookAdminForm
    list_display = ["title", "team", "owner", "updated_at"]
    list_filter = ["team", "services", "source"]
    list_select_related = ["team", "owner"]
    search_fields = ["title", "slug", "aliases__alertname"]
    prepopulated_fields = {"slug": ["title"]}
    autocomplete_fields: list[str] = []
    filter_horizontal = ["services"]
    fields = ["title", "slug", "summary", "team", "owner", "services", "aliases", "matchers", "body", "seen_version"]

    def may_change(self, user: User, thing: Any | None) -> bool:
        return policies.can_edit(user, thing)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "team":
            kwargs["queryset"] = teams_edited_by(acting(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Formats before the admin's transaction begins, so that no lock waits for it."""
        if request.method == "POST" and "body" in request.POST:
            pk = str(kwargs.get("object_id") or (args[0] if args else "") or "")
            known = Runbook.objects.filter(pk=int(pk)).first() if pk.isdecimal() and len(pk) < 19 else None
            request.prepared = prepared(request.POST["body"], known)  # type: ignore[attr-defined]
        return cast(HttpResponse, super().changeform_view(request, *args, **kwargs))

    def save_model(self, request: HttpRequest, obj: Runbook, form: Any, change: bool) -> None:
        if change and not form.has_changed():
            return
        by, given = acting(request), form.cleaned_data
        made = request.prepared  # type: ignore[attr-defined]
        editing.write(obj, made, by=by, at=clock.now(), services=given["services"], aliases=given["aliases"])


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
