"""The admin shows our own nouns only; rights come from roles and teams, not from groups of permissions."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest

from portal import decisions
from portal.accounts.acting import acting
from portal.accounts.models import User
from portal.models import Decision, Resource
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
