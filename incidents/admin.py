"""Incidents in the admin: their state is read here and changed by the same verbs as on the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from incidents import command_admin as command_admin  # registers its own
from incidents import lifecycle, policies, searching
from incidents.alerts import asking, ingest, maintenance, mapping, replay, rules
from incidents.models import AlertRule, AutoRun, Delivery, Incident, MaintenanceWindow, Milestone, SeverityLevel, SeverityRule, Source
from portal import clock
from portal.accounts.acting import acting
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.errors import DomainError, require
from portal.web.admin import PolicyAdmin, PolicyInline, VersionedAdmin
from runbooks.diagnostics import registry


class MilestoneInline(PolicyInline):
    model = Milestone
    fields = ["name", "at", "source", "author", "edited"]
    readonly_fields = fields

    def may_change(self, user: User, thing: Any | None) -> bool:
        return False


@admin.register(Incident)
class IncidentAdmin(VersionedAdmin):
    list_display = ["reference", "title", "severity", "status", "service", "opened_at"]
    list_filter = ["status", "severity", "service"]
    list_select_related = ["service"]
    fields = ["title", "summary", "service", "is_restricted", "named", "seen_version"]
    readonly_fields: list[str] = []
    inlines = [MilestoneInline]
    actions = ["acknowledge_selected", "resolve_selected"]

    def may_change(self, user: User, thing: Any | None) -> bool:
        return user.is_staff if thing is None else policies.can_respond(user, thing)

    def may_add(self, user: User) -> bool:
        return False  # declared on the portal, or opened by an alert

    def get_queryset(self, request: HttpRequest) -> QuerySet[Incident]:
        found: QuerySet[Incident] = super().get_queryset(request)
        return found.filter(pk__in=Incident.objects.visible_to(acting(request)))

    def save_model(self, request: HttpRequest, obj: Incident, form: Any, change: bool) -> None:
        if form.has_changed():
            super().save_model(request, obj, form, change)
            searching.index(obj)

    @admin.action(description="Acknowledge", permissions=["change"])
    def acknowledge_selected(self, request: HttpRequest, chosen: QuerySet[Incident]) -> None:
        self._each(request, chosen, lambda incident: lifecycle.acknowledge(incident.pk, by=acting(request), at=clock.now()))

    @admin.action(description="Resolve", permissions=["change"])
    def resolve_selected(self, request: HttpRequest, chosen: QuerySet[Incident]) -> None:
        self._each(request, chosen, lambda incident: lifecycle.resolve(incident.pk, by=acting(request), at=clock.now()))

    def _each(self, request: HttpRequest, chosen: QuerySet[Incident], verb: Callable[[Incident], object]) -> None:
        for incident in chosen:
            try:
                require(policies.can_respond(acting(request), incident), "Responders may do that.")
                verb(incident)
            except DomainError as refusal:
                self.message_user(request, str(refusal), messages.WARNING)


class OnlyAdministrators(PolicyAdmin):
    def may_view(self, user: User, thing: Any | None) -> bool:
        return user.at_least(Role.ADMIN)


class SourceForm(forms.ModelForm[Source]):
    def clean_mapping(self) -> Any:
        found = self.cleaned_data["mapping"] or {}
        wrong = mapping.problems(found) if found else []
        if wrong:
            raise forms.ValidationError(wrong)
        return found


@admin.register(Source)
class SourceAdmin(OnlyAdministrators):
    list_display = ["name", "is_enabled", "default_service", "last_heartbeat_at", "stale_since"]
    list_select_related = ["default_service"]
    fields = [
        *["name", "is_enabled", "default_service", "key_labels", "api_urls", "prometheus_url", "silent_after", "shape", "mapping"],
        *["last_heartbeat_at", "stale_since", "confirmed_at", "trouble", "refused_count", "refused_at"],
    ]
    readonly_fields = ["name", "last_heartbeat_at", "stale_since", "confirmed_at", "trouble", "refused_count", "refused_at"]
    form = SourceForm

    def save_model(self, request: HttpRequest, obj: Source, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        asking.schedule(clock.now())

    def may_add(self, user: User) -> bool:
        return False  # `manage.py create_source` shows the token once


@admin.register(SeverityRule)
class SeverityRuleAdmin(OnlyAdministrators):
    list_display = ["__str__", "source"]
    list_select_related = ["source"]

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return self.has_change_permission(request, obj)


class RuleForm(forms.ModelForm[AlertRule]):
    def clean_matchers(self) -> str:
        text: str = self.cleaned_data["matchers"]
        try:
            rules.matchers(text)
        except DomainError as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
        return text


@admin.register(AlertRule)
class AlertRuleAdmin(OnlyAdministrators):
    list_display = ["__str__", "order", "is_enabled", "action", "severity", "service", "source"]
    list_filter = ["is_enabled", "action", "source"]
    list_select_related = ["source", "service"]
    form = RuleForm

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return self.has_change_permission(request, obj)


@admin.register(SeverityLevel)
class SeverityLevelAdmin(OnlyAdministrators):
    list_display = ["__str__", "means", "error_rate_above", "paged"]


@admin.register(MaintenanceWindow)
class MaintenanceWindowAdmin(OnlyAdministrators):
    list_display = ["service", "starts_at", "ends_at", "reason", "created_by", "cancelled_at"]
    list_filter = ["service"]
    list_select_related = ["service", "created_by"]
    fields = ["service", "starts_at", "ends_at", "reason", "cancelled_at"]

    def save_model(self, request: HttpRequest, obj: MaintenanceWindow, form: Any, change: bool) -> None:
        if not change:
            obj.created_by, obj.created_at = acting(request), clock.now()
        super().save_model(request, obj, form, change)
        if change:
            maintenance.look_again(obj, clock.now())


@admin.register(Delivery)
class DeliveryAdmin(OnlyAdministrators):
    list_display = ["pk", "source", "state", "understood", "alert_count", "received_at"]
    list_filter = ["state", "understood", "source"]
    list_select_related = ["source"]
    exclude = ["body"]
    actions = ["try_again", "say_what_would_happen"]

    def may_change(self, user: User, thing: Any | None) -> bool:
        return False  # what was received stays as it came

    @admin.action(description="What would happen now", permissions=["view"])
    def say_what_would_happen(self, request: HttpRequest, chosen: QuerySet[Delivery]) -> None:
        for delivery in chosen.select_related("source__default_service__team")[:20]:
            outcome = replay.dry_run(delivery, now=clock.now())
            told = "; ".join([*outcome.problems, *outcome.lines][:5]) or "no alerts"
            self.message_user(request, f"Delivery {delivery.pk}: {len(outcome.opened)} incidents, {outcome.pages} messages. {told}.")

    @admin.action(description="Try again", permissions=["view"])
    def try_again(self, request: HttpRequest, chosen: QuerySet[Delivery]) -> None:
        for delivery in chosen:
            ingest.again(delivery, at=clock.now())
        self.message_user(request, "Worked off again within a second; what was applied already changes nothing.")


class AutoRunForm(forms.ModelForm[AutoRun]):
    diagnostic = forms.ChoiceField(choices=[])

    class Meta:
        model = AutoRun
        fields = ["alertname", "service", "diagnostic", "target", "parameters", "is_active"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reading = [(slug, found.title) for slug, found in registry.diagnostics if found.kind == "reads"]
        self.fields["diagnostic"].choices = reading  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        found = registry.diagnostics.get(given.get("diagnostic", ""))
        if found:
            try:
                found.read(given.get("parameters") or {})
            except DomainError as refusal:
                self.add_error("parameters", str(refusal))
            if given.get("target") and given["target"].kind not in found.kinds:
                self.add_error("target", f"{found.slug} looks at targets of kind {' or '.join(found.kinds) or 'none'}.")
        return given


@admin.register(AutoRun)
class AutoRunAdmin(PolicyAdmin):
    """Diagnostics that are run when an alert opens an incident."""

    form = AutoRunForm
    list_display = ["alertname", "service", "diagnostic", "target", "is_active"]
    list_filter = ["diagnostic", "is_active"]
    list_select_related = ["service", "target"]

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return acting(request).at_least(Role.ADMIN)
