"""The admin as a workplace: rights come from policies, the second of two editors is told, every save leaves history."""

from __future__ import annotations

from typing import Any

from django.db.models import Field, Model, URLField
from django.http import HttpRequest
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin, TabularInline

from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.web.versions import VersionedForm


class PolicyRights:
    """Override the three `may_*` with the package's policies. Without that: everybody in the admin reads, administrators change."""

    model: type[Model]

    def may_view(self, user: User, thing: Any | None) -> bool:
        return user.is_staff

    def may_change(self, user: User, thing: Any | None) -> bool:
        """`thing` None: may this person change any at all?"""
        return user.at_least(Role.ADMIN)

    def may_add(self, user: User) -> bool:
        return self.may_change(user, None)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return isinstance(request.user, User) and self.may_view(request.user, None)

    def has_view_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return isinstance(request.user, User) and self.may_view(request.user, self._thing(obj))

    def _thing(self, obj: Any | None) -> Any | None:
        """The buttons of a change page ask with the bare key."""
        if isinstance(obj, str | int):
            return self.model._default_manager.filter(pk=obj).first()
        return obj

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return isinstance(request.user, User) and self.may_change(request.user, self._thing(obj))

    def has_add_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return isinstance(request.user, User) and self.may_add(request.user)

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, URLField):
            kwargs.setdefault("assume_scheme", "https")
        return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Off: what happened is kept. Models that may be deleted say so themselves."""
        return False


class PolicyAdmin(PolicyRights, ModelAdmin):
    """A model in the admin whose rights are asked from policies."""


class PolicyInline(PolicyRights, TabularInline):
    """Rows edited inside their parent's page."""

    extra = 0


class VersionedAdmin(PolicyRights, SimpleHistoryAdmin, ModelAdmin):
    """For `Versioned` models with history: a stale save returns the form with the user's text and says so."""

    form = VersionedForm
