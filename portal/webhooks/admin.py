"""Webhooks in the admin: set up and looked after by administrators; a secret is written, never shown."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from portal import clock
from portal.accounts.acting import acting
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.web.admin import PolicyAdmin, PolicyInline, VersionedAdmin
from portal.webhooks import telling
from portal.webhooks.models import Attempt, Delivery, Webhook, new_secret


@admin.register(Webhook)
class WebhookAdmin(VersionedAdmin):
    list_display = ["name", "url", "events", "is_enabled"]
    fields = ["name", "url", "reach", "secret", "events", "includes_restricted", "is_enabled", "seen_version"]
    actions = ["ping_selected"]

    def may_view(self, user: User, thing: Any | None) -> bool:
        return user.at_least(Role.ADMIN)

    def save_model(self, request: HttpRequest, obj: Webhook, form: Any, change: bool) -> None:
        if not change:
            obj.created_at, obj.created_by = clock.now(), acting(request)
        if not obj.secret:
            obj.secret = new_secret()
            self.message_user(request, f"Its signing secret, shown only now: {obj.secret}", messages.WARNING)
        super().save_model(request, obj, form, change)

    @admin.action(description="Send a test", permissions=["change"])
    def ping_selected(self, request: HttpRequest, chosen: QuerySet[Webhook]) -> None:
        for webhook in chosen:
            telling.ping(webhook, by=acting(request), at=clock.now())
        self.message_user(request, "Asked for; the delivery log shows what came of it.")


class AttemptInline(PolicyInline):
    model = Attempt

    def may_change(self, user: User, thing: Any | None) -> bool:
        return False


@admin.register(Delivery)
class DeliveryAdmin(PolicyAdmin):
    list_display = ["pk", "webhook", "event", "about", "state", "created_at", "delivered_at"]
    list_filter = ["state", "webhook"]
    list_select_related = ["webhook"]
    inlines = [AttemptInline]
    actions = ["redeliver_selected"]

    def may_view(self, user: User, thing: Any | None) -> bool:
        return user.at_least(Role.ADMIN)

    def may_change(self, user: User, thing: Any | None) -> bool:
        return False

    @admin.action(description="Send again", permissions=["view"])
    def redeliver_selected(self, request: HttpRequest, chosen: QuerySet[Delivery]) -> None:
        for delivery in chosen:
            telling.redeliver(delivery, at=clock.now())
        self.message_user(request, "Sent again within seconds, with the same id.")
