"""API tokens: made, shown once, recognised, revoked (security.md section 5)."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.text import slugify
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed

from portal import clock
from portal.accounts.models import ApiToken, User, digest_of
from portal.accounts.roles import Role
from portal.errors import DomainError

if TYPE_CHECKING:
    from rest_framework.request import Request

PREFIX = "sb_"
USE_IS_NOTED_EVERY = timedelta(minutes=1)


@transaction.atomic
def create_token(
    name: str, *, role: Role, at: datetime, scope: str = ApiToken.Scope.WRITE, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """A token and its secret, `sb_` and 43 characters, which is kept nowhere.

    Tokens of one name share one service user. Raises: DomainError, that user exists with another role.
    """
    slug = slugify(name) or "token"
    user = User.objects.filter(email=f"{slug}@tokens.invalid").first()
    if user is None:
        user = User.objects.create_user(f"{slug}@tokens.invalid", None, name=name, role=role, is_service=True)
    elif user.role != role:
        raise DomainError(
            f"“{name}” already exists with the role {user.role}. Choose another name for a token with the role {role}.", code="token_role"
        )
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user, name=name, prefix=secret[:10], digest=digest_of(secret), scope=scope, created_at=at, expires_at=expires_at
    )
    return token, secret


def recognise(secret: str, *, at: datetime) -> ApiToken | None:
    """The working token of this secret, or None. 1 query, and 1 more at most once a minute to note the use."""
    token = ApiToken.objects.select_related("user").filter(digest=digest_of(secret)).first()
    if token is None or not token.works_at(at):
        return None
    if token.last_used_at is None or at - token.last_used_at >= USE_IS_NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=at)
    return token


class BearerToken(BaseAuthentication):
    """`Authorization: Bearer sb_…`; `request.auth` is the token."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _, secret = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        token = recognise(secret.strip().decode("utf-8", "replace"), at=clock.now())
        if token is None:
            raise AuthenticationFailed("This token is unknown, expired or revoked.", code="bad_token")
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="standby"'


def revoke(token: ApiToken, *, at: datetime) -> None:
    """It fails from the next request on. Safe to run twice. 1 query."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at)
