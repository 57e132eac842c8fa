"""The admin shows our own nouns only; rights come from roles and teams, not from groups of permissions."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest

from portal import clock, decisions, retention
from portal.accounts.acting import acting
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.errors import Invalid
from portal.models import Decision, Resource, Retention
from portal.web.admin import PolicyAdmin

admin.site.unregister([Group, EmailAddress, Authenticator, SocialAccount, SocialApp, SocialToken, UserSession])


@admin.register(Decision)
class DecisionAdmin(PolicyAdmin):
    """Read only: a decision is written by the act that it explains."""

    list_display = ["at", "kind", "about", "title", "by", "reason"]
    list_filter = ["kind"]
    list_select_related = ["by"]
    search_fields = ["about", "title", "reason"]

    def may_change(self, user: User, thing: Any | None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Decision]:
        return decisions.visible_to(acting(request))


@admin.register(Resource)
class ResourceAdmin(PolicyAdmin):
    list_display = ["title", "url", "order"]

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return self.has_change_permission(request, obj)


class RetentionForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Retention
        fields = ["days"]
        help_texts = {"days": "Empty keeps for ever. Try it first: manage.py purge --dry-run"}

    def clean_days(self) -> int | None:
        days: int | None = self.cleaned_data["days"]
        try:
            retention.check(self.instance.kind, days)
        except Invalid as refusal:
            raise forms.ValidationError(str(refusal), code=refusal.code) from refusal
        return days


@admin.register(Retention)
class RetentionAdmin(PolicyAdmin):
    """How long each kind is kept; the rows come with the kinds."""

    form = RetentionForm
    fields = ["label", "stays", "days", "changed_by", "changed_at"]
    readonly_fields = ["label", "stays", "changed_by", "changed_at"]
    list_display = ["label", "days", "changed_by", "changed_at"]
    list_select_related = ["changed_by"]

    def may_view(self, user: User, thing: Any | None) -> bool:
        return user.at_least(Role.ADMIN)

    def may_add(self, user: User) -> bool:
        return False

    @admin.display(description="What")
    def label(self, row: Retention) -> str:
        kind = retention.kinds.get(row.kind)
        return kind.label if kind else row.kind

    @admin.display(description="What stays")
    def stays(self, row: Retention) -> str:
        kind = retention.kinds.get(row.kind)
        return (kind.stays if kind else "") or "nothing"

    def save_model(self, request: HttpRequest, obj: Retention, form: Any, change: bool) -> None:
        retention.keep(obj.kind, obj.days, by=acting(request), at=clock.now())
