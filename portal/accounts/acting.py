"""Who acts: the person or service behind a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.accounts.models import User
from portal.errors import NotAllowed

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.request import Request


def acting(request: HttpRequest | Request) -> User:
    """The signed-in user. Raises: NotAllowed, a stranger; the doors before a view let none through, so this is for the type's sake."""
    if not isinstance(request.user, User):
        raise NotAllowed("Sign in first.")
    return request.user
