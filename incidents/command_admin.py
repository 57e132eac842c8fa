"""What an administrator sets for the command centre: words, lists, bands, levers, clocks, the public page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from incidents.models import (
    Cadence,
    Component,
    ExternalStatusPage,
    Maintenance,
    Metric,
    MitigationOption,
    StakeholderList,
    UpdateTemplate,
)
from incidents.status_page import publishing
from incidents.template_desk import LONGEST, TEMPLATE
from portal import clock
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.desk.forms import DeskForm, MarkdownField
from portal.web.admin import PolicyAdmin, VersionedAdmin
from portal.web.versions import VersionedForm
from runbooks.diagnostics import registry


class ForAdministrators:
    """Everybody who responds reads them; administrators change them."""

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return isinstance(request.user, User) and request.user.at_least(Role.ADMIN)


class UpdateTemplateForm(DeskForm):
    body = MarkdownField(
        text=TEMPLATE, required=True, max_length=LONGEST, help_text="Words with {names} that facts replace, such as {title} or {impact}."
    )

    class Meta:
        model = UpdateTemplate
        fields = ["kind", "audience", "body"]


@admin.register(UpdateTemplate)
class UpdateTemplateAdmin(VersionedAdmin):
    form = UpdateTemplateForm
    list_display = ["__str__", "kind", "audience"]
    fields = ["kind", "audience", "body", "seen_version"]


@admin.register(StakeholderList)
class StakeholderListAdmin(ForAdministrators, VersionedAdmin):
    list_display = ["name", "audience", "least_severity", "is_chosen", "is_enabled"]
    list_filter = ["audience", "is_enabled"]
    filter_horizontal = ["services", "people"]
    fields = ["name", "audience", "services", "least_severity", "addresses", "people", "chat_webhook", "is_chosen", "is_enabled", "seen_version"]

    def may_view(self, user: User, thing: Any | None) -> bool:
        return user.at_least(Role.ADMIN)  # it holds addresses and the room's secret


@admin.register(ExternalStatusPage)
class ExternalStatusPageAdmin(ForAdministrators, PolicyAdmin):
    list_display = ["name", "url", "is_enabled"]

    def may_view(self, user: User, thing: Any | None) -> bool:
        return user.at_least(Role.ADMIN)


class Published(ForAdministrators, VersionedAdmin):
    """A change is on the public page at once."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        publishing.later(clock.now())


@admin.register(Component)
class ComponentAdmin(Published):
    list_display = ["name", "description", "order"]
    filter_horizontal = ["services"]
    fields = ["name", "description", "services", "order", "seen_version"]


@admin.register(Maintenance)
class MaintenanceAdmin(Published):
    list_display = ["title", "starts_at", "ends_at", "is_cancelled"]
    filter_horizontal = ["components"]
    fields = ["title", "text", "starts_at", "ends_at", "components", "is_cancelled", "seen_version"]


@admin.register(Metric)
class MetricAdmin(ForAdministrators, VersionedAdmin):
    list_display = ["name", "service", "low", "high", "unit", "is_enabled"]
    list_select_related = ["service"]
    list_filter = ["service", "is_enabled"]
    fields = ["name", "service", "expression", "several", "unit", "factor", "low", "high", "order", "is_enabled", "seen_version"]


class MitigationOptionForm(VersionedForm):
    """A lever is pulled by hand, by webhook or by a diagnostic that changes something."""

    diagnostic = forms.ChoiceField(required=False, help_text="Pulls it, behind its own guard: what it would do is shown first.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        changing = [(slug, found.title) for slug, found in registry.diagnostics if found.kind == "changes"]
        self.fields["diagnostic"].choices = [("", "None"), *changing]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        found = registry.diagnostics.get(given.get("diagnostic", ""))
        if found and given.get("webhook_url"):
            self.add_error("diagnostic", "Choose a webhook or a diagnostic, not both.")
        if found and given.get("target") and given["target"].kind not in found.kinds:
            self.add_error("target", f"{found.slug} looks at targets of kind {' or '.join(found.kinds)}.")
        return given


@admin.register(MitigationOption)
class MitigationOptionAdmin(ForAdministrators, VersionedAdmin):
    form = MitigationOptionForm
    list_display = ["name", "service", "order", "is_enabled"]
    list_select_related = ["service"]
    fields = ["name", "service", "about", "command", "undo", "webhook_url", "diagnostic", "target", "order", "is_enabled", "seen_version"]


@admin.register(Cadence)
class CadenceAdmin(PolicyAdmin):
    list_display = ["__str__", "first_update", "update_every", "grace", "watch", "draft", "publish"]
