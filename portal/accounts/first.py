"""The first administrator of a new installation."""

from __future__ import annotations

import secrets

from django.conf import settings

from portal.accounts.models import User
from portal.accounts.roles import Role

FIRST_EMAIL = "admin@standby.local"


def first_administrator(email: str = FIRST_EMAIL) -> tuple[User, str] | None:
    """The administrator and the one-time password, kept nowhere; None where people exist already."""
    if User.objects.filter(is_service=False).exists():
        return None
    password = secrets.token_urlsafe(12)
    user = User.objects.create_user(
        email, password, name="Administrator", role=Role.ADMIN, is_break_glass=True, time_zone=settings.DEFAULT_TEAM_TIME_ZONE
    )
    return user, password
