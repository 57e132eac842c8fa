"""People and tokens in the admin, for administrators only. A token's secret is shown once, by `manage.py create_token`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.password_validation import validate_password
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminSelectWidget

from portal import clock
from portal.accounts import leaving
from portal.accounts.acting import acting
from portal.accounts.models import ApiToken, User
from portal.accounts.roles import Role
from portal.web.admin import PolicyAdmin


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    password_to_set = forms.CharField(
        label="New password", required=False, widget=UnfoldAdminPasswordWidget(), help_text="Empty leaves the password as it is."
    )

    taken_over_by = forms.ModelChoiceField(
        label="Who takes over",
        queryset=User.objects.filter(is_active=True, is_service=False).exclude(role="viewer"),
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text="When you switch a person off: who has their turns, covers, escalation steps and action items from then on.",
    )

    class Meta:
        model = User
        fields = ["email", "name", "role", "time_zone", "phone", "is_break_glass", "is_active"]

    def clean_password_to_set(self) -> str:
        password: str = self.cleaned_data["password_to_set"]
        if password:
            validate_password(password, self.instance)
        return password

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.switches_off and not cleaned.get("taken_over_by"):
            left = leaving.held(self.instance, clock.now(), only_must=True)
            if left:
                self.add_error("taken_over_by", f"Choose who takes over: {self.instance} {'; '.join(left)}.")
        return cleaned

    @property
    def switches_off(self) -> bool:
        return bool(self.instance.pk and "is_active" in self.changed_data and not self.cleaned_data.get("is_active"))


class OnlyAdministrators(PolicyAdmin):
    def may_view(self, user: User, thing: Any | None) -> bool:
        return user.at_least(Role.ADMIN)


@admin.register(User)
class UserAdmin(OnlyAdministrators):
    form = PersonForm
    list_display = ["name", "email", "role", "time_zone", "is_service", "is_active"]
    list_filter = ["role", "is_active", "is_service"]
    search_fields = ["name", "email"]

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if password := form.cleaned_data.get("password_to_set"):
            obj.set_password(password)
        elif not change:
            obj.set_unusable_password()
        if form.switches_off:
            leaving.hand_over(obj, form.cleaned_data.get("taken_over_by"), by=acting(request), at=clock.now())
        super().save_model(request, obj, form, change)


@admin.register(ApiToken)
class ApiTokenAdmin(OnlyAdministrators):
    list_display = ["name", "prefix", "user", "scope", "created_at", "expires_at", "last_used_at", "revoked_at"]
    list_select_related = ["user"]
    actions = ["revoke_selected"]

    def may_change(self, user: User, thing: Any | None) -> bool:
        return False

    @admin.action(description="Revoke", permissions=["view"])
    def revoke_selected(self, request: HttpRequest, chosen: QuerySet[ApiToken]) -> None:
        count = chosen.filter(revoked_at=None).update(revoked_at=clock.now())
        self.message_user(request, f"{count} revoked; they fail from the next request on.")
