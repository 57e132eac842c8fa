"""People in the house: added, changed, and never without an administrator."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.errors import DomainError


@transaction.atomic
def change(user: User, given: dict[str, Any]) -> User:
    """Set listed fields, check and save. Raises: DomainError, nobody would be an administrator any more; ValidationError."""
    for name, value in given.items():
        setattr(user, name, value)
    user.full_clean(exclude=["password"])
    user.save()
    if not User.objects.filter(role=Role.ADMIN, is_active=True, is_service=False).exists():
        raise DomainError("Somebody must stay an administrator. Make another person one first.", code="last_administrator")
    return user


def add(given: dict[str, Any]) -> User:
    """A person without a password: they set one by “Forgot your password?”, or come by single sign-on. Raises: ValidationError."""
    user = User(**given)
    user.set_unusable_password()
    return change(user, {})
