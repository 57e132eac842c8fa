"""Who gets through the API's door; what they may do behind it is for each package's `policies`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission

from portal.accounts.models import ApiToken

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


class SignedInWithScope(BasePermission):
    """Signed in and active; a token of scope `read` only reads."""

    message = "This token may only read."

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not (request.user and request.user.is_authenticated and request.user.is_active):
            return False
        if isinstance(request.auth, ApiToken) and request.auth.scope == ApiToken.Scope.READ:
            return request.method in SAFE_METHODS
        return True
