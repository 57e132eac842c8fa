"""Teams, services, rotations and escalation in the admin: teams edit their own, leads edit who answers."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from oncall import policies, searching
from oncall.models import (
    Checklist,
    ChecklistItem,
    ChecklistTemplate,
    EscalationPolicy,
    EscalationStep,
    Membership,
    Override,
    Rotation,
    Service,
    Team,
    TemplateItem,
    Turn,
)
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.web.admin import PolicyAdmin, PolicyInline, PolicyRights, VersionedAdmin


class ByLeads(PolicyRights):
    """Who answers is edited by the team's leads; rows may be taken away again."""

    def may_change(self, user: User, thing: Any | None) -> bool:
        team = thing if isinstance(thing, Team) else getattr(thing, "team", None)
        return policies.leads(user, team)


class Removable(ByLeads):
    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return self.has_change_permission(request, obj)


class MembershipInline(Removable, PolicyInline):
    model = Membership


class TurnInline(Removable, PolicyInline):
    model = Turn


class OverrideInline(Removable, PolicyInline):
    model = Override


class StepInline(Removable, PolicyInline):
    model = EscalationStep


@admin.register(Team)
class TeamAdmin(ByLeads, PolicyAdmin):
    list_display = ["name", "slug", "is_default"]
    inlines = [MembershipInline]
    prepopulated_fields = {"slug": ["name"]}

    def may_add(self, user: User) -> bool:
        return user.at_least(Role.ADMIN)


@admin.register(Service)
class ServiceAdmin(VersionedAdmin):
    list_display = ["name", "team", "tier", "time_zone"]
    list_filter = ["team", "tier"]
    list_select_related = ["team"]
    prepopulated_fields = {"slug": ["name"]}

    def may_change(self, user: User, thing: Any | None) -> bool:
        return policies.edits_for(user, thing.team if thing else None)

    def save_model(self, request: HttpRequest, obj: Service, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        searching.index(obj)


@admin.register(Rotation)
class RotationAdmin(ByLeads, VersionedAdmin):
    list_display = ["name", "team", "lane", "time_zone", "handoff_at", "lengths"]
    list_select_related = ["team"]
    inlines = [TurnInline, OverrideInline]


@admin.register(EscalationPolicy)
class EscalationPolicyAdmin(ByLeads, PolicyAdmin):
    list_display = ["team", "service", "severity", "rounds"]
    list_select_related = ["team"]
    inlines = [StepInline]


class TemplateItemInline(PolicyInline):
    model = TemplateItem

    def may_change(self, user: User, thing: Any | None) -> bool:
        return policies.edits_for(user, None)

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return self.has_change_permission(request, obj)


@admin.register(ChecklistTemplate)
class ChecklistTemplateAdmin(PolicyAdmin):
    inlines = [TemplateItemInline]

    def may_change(self, user: User, thing: Any | None) -> bool:
        return policies.edits_for(user, None)


class ChecklistItemInline(PolicyInline):
    model = ChecklistItem

    def may_change(self, user: User, thing: Any | None) -> bool:
        return False


@admin.register(Checklist)
class ChecklistAdmin(PolicyAdmin):
    list_display = ["title", "person", "due_at"]
    list_select_related = ["person"]
    inlines = [ChecklistItemInline]

    def may_change(self, user: User, thing: Any | None) -> bool:
        return False  # ticked on its page, where who and when are noted
