"""Break-glass accounts: local administrators for the night on which single sign-on is down. Using one is told to every administrator."""

from __future__ import annotations

import secrets
from datetime import datetime

from portal.accounts import second_factor
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.notify import outbox
from portal.notify.models import Message


def tell(user: User, *, ip: str, at: datetime) -> None:
    """Mail every administrator that this account was used, at most once an hour. 2 queries and 1-3 for each administrator."""
    for reader in User.objects.filter(role=Role.ADMIN, is_active=True, is_service=False):
        outbox.queue(
            reader,
            channel="email",
            purpose=Message.Purpose.NOTICE,
            subject=f"Break-glass account used: {user.email}",
            body=f"{user} signed in by password at {at:%Y-%m-%d %H:%M} UTC from {ip}, past single sign-on. "
            "If nobody of you did that, switch the account off in the admin and look into the sign-in page's log.",
            dedup_key=f"break-glass:{user.pk}:{reader.pk}:{at:%Y%m%d%H}",
            at=at,
        )


def make(email: str, *, time_zone: str) -> tuple[User, str]:
    """The account and its new one-time password, kept nowhere. An account that exists is switched on and gets a new password and no second factor."""
    password = secrets.token_urlsafe(16)
    user = User.objects.filter(email__iexact=email, is_service=False).first()
    if user is None:
        user = User.objects.create_user(email, password, name="Break-glass", role=Role.ADMIN, time_zone=time_zone, is_break_glass=True)
        return user, password
    user.set_password(password)
    user.role, user.is_active, user.is_break_glass = Role.ADMIN, True, True
    user.save(update_fields=["password", "role", "is_active", "is_break_glass"])
    second_factor.reset(user)
    return user, password
