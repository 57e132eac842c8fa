"""Targets and runs in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from portal.accounts.acting import acting
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.web.admin import PolicyAdmin
from runbooks.models import DiagnosticRun, Target


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
