"""Slow down whoever asks too often for something that costs. Never used on the hook or on acknowledging."""

from __future__ import annotations

from typing import ClassVar

from django.core.cache import cache

from portal.accounts.models import User
from portal.errors import DomainError

WINDOW = 60  # seconds


class TooOften(DomainError):
    code = "too_often"
    http_status = 429
    headers: ClassVar = {"Retry-After": str(WINDOW)}


def refuse_too_often(what: str, user: User, *, a_minute: int) -> None:
    """Count one use. Raises: TooOften, more than `a_minute` of them since the minute began."""
    key = f"throttle:{what}:{user.pk}"
    if cache.add(key, 1, WINDOW):
        return
    try:
        used = cache.incr(key)
    except ValueError:  # the minute ended between the two lines
        used = 1
        cache.set(key, used, WINDOW)
    if used > a_minute:
        raise TooOften(f"That is more than {a_minute} times a minute. Wait a moment and try again; nothing was lost.")
