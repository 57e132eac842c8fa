"""Teams, services, rotations and escalation in the admin: teams edit their own, leads edit who answers.

Who takes which turn is edited on the rotation's own page, where twelve months are simulated before anything is saved; here it is shown.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from oncall import covering, feeds, policies, searching
from oncall.models import (
    Absence,
    AcceptedGap,
    Checklist,
    ChecklistItem,
    ChecklistTemplate,
    EscalationPolicy,
    EscalationStep,
    Feed,
    Handoff,
    Layer,
    Membership,
    Override,
    Rotation,
    Service,
    Swap,
    Team,
    TemplateItem,
    Turn,
)
from portal import clock
from portal.accounts.acting import acting
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.errors import DomainError
from portal.web.admin import PolicyAdmin, PolicyInline, PolicyRights, VersionedAdmin
from portal.web.versions import VersionedForm


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


class Shown(PolicyInline):
    """Rows that are written by their stories only."""

    def may_change(self, user: User, thing: Any | None) -> bool:
        return False


class TurnInline(Shown):
    model = Turn
    fields = ["order", "person", "layer"]


class LayerInline(Shown):
    model = Layer
    fields = ["name", "priority", "time_zone", "handoff_at", "begins_on", "ends_on", "lengths", "windows"]


class OverrideInline(Shown):
    model = Override
    fields = ["kind", "person", "starts_at", "ends_at", "reason", "by"]


class AcceptedGapInline(Shown):
    model = AcceptedGap
    fields = ["starts_at", "ends_at", "reason", "by"]


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
    fields = ["name", "team", "lane", "edited_at", "seen_version"]
    readonly_fields = ["edited_at"]
    inlines = [TurnInline, LayerInline, OverrideInline, AcceptedGapInline]

    def may_add(self, user: User) -> bool:
        return False  # begun on its page, with the twelve months beside it

    @admin.display(description="Turns, layers and overrides")
    def edited_at(self, rotation: Rotation) -> str:
        """A link to the page that simulates before it saves."""
        return format_html('<a href="{}">Edit them with the next twelve months beside them</a>', reverse("rotation-edit", args=[rotation.pk]))


@admin.register(Swap)
class SwapAdmin(PolicyAdmin):
    list_display = ["rotation", "giver", "taker", "starts_at", "ends_at", "state"]
    list_filter = ["state", "rotation"]
    list_select_related = ["rotation", "giver", "taker"]
    actions = ["take_back_selected"]

    def may_change(self, user: User, thing: Any | None) -> bool:
        return False  # offered and answered by the two, on its page

    @admin.action(description="Take back, as leads and administrators may", permissions=["view"])
    def take_back_selected(self, request: HttpRequest, chosen: QuerySet[Swap]) -> None:
        for swap in chosen.select_related("rotation__team"):
            try:
                if not policies.leads(acting(request), swap.rotation.team):
                    raise DomainError(f"Only leads of {swap.rotation.team} take back what others offered.")
                covering.take_back(swap.pk, by=acting(request), at=clock.now())
            except DomainError as refusal:
                self.message_user(request, str(refusal), messages.WARNING)


@admin.register(Handoff)
class HandoffAdmin(PolicyAdmin):
    list_display = ["rotation", "at", "outgoing", "incoming", "state", "accepted_at"]
    list_filter = ["state", "rotation"]
    list_select_related = ["rotation", "outgoing", "incoming"]

    def may_change(self, user: User, thing: Any | None) -> bool:
        return False  # written and accepted on its page


@admin.register(Absence)
class AbsenceAdmin(PolicyAdmin):
    """Leads note the absence of somebody who cannot: rotations show it before they are saved."""

    list_display = ["person", "starts_at", "ends_at", "note", "source"]
    list_filter = ["person"]
    list_select_related = ["person"]
    fields = ["person", "starts_at", "ends_at", "note"]

    def may_change(self, user: User, thing: Any | None) -> bool:
        return policies.leads(user, None)

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return self.has_change_permission(request, obj)


@admin.register(Feed)
class FeedAdmin(PolicyAdmin):
    list_display = ["owner", "rotation", "created_at", "last_read_at", "revoked_at"]
    list_select_related = ["owner", "rotation"]
    fields = ["owner", "rotation", "created_at", "last_read_at", "revoked_at"]
    actions = ["revoke_selected"]

    def may_view(self, user: User, thing: Any | None) -> bool:
        return user.at_least(Role.ADMIN)

    def may_change(self, user: User, thing: Any | None) -> bool:
        return False

    @admin.action(description="Revoke", permissions=["view"])
    def revoke_selected(self, request: HttpRequest, chosen: QuerySet[Feed]) -> None:
        for feed in chosen.select_related("owner", "rotation").filter(revoked_at=None):
            feeds.revoke(feed.owner, feed.rotation, at=clock.now())


@admin.register(EscalationPolicy)
class EscalationPolicyAdmin(ByLeads, PolicyAdmin):
    form = VersionedForm
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
class ChecklistTemplateAdmin(VersionedAdmin):
    list_display = ["name", "before_shifts", "version"]
    inlines = [TemplateItemInline]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """An edit of an item is an edit of the template: it gets the next version."""
        super().save_related(request, form, formsets, change)
        if change and not form.edited() and any(rows.has_changed() for rows in formsets):
            ChecklistTemplate.objects.filter(pk=form.instance.pk).update(version=F("version") + 1)

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
