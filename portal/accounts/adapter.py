"""How people come in: allauth's flows with our rules."""

from __future__ import annotations

import logging
import secrets
import smtplib
from datetime import timedelta
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from portal import clock
from portal.accounts import break_glass
from portal.accounts.models import User

logger = logging.getLogger(__name__)

KNOWN_FOR = timedelta(days=90)
SALT = "portal.accounts.known-device"


def known_cookie() -> str:
    return "__Host-known" if settings.SESSION_COOKIE_SECURE else "known"


class Adapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": "Too many failed sign-ins for this address. Wait a quarter of an hour, use a passkey, "
        "or a browser that you have signed in with before: its tries are counted apart."
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """People are invited; nobody signs up by themselves."""
        return False

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Below the address that the installation is known by, whatever host the request named."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return f"{settings.BASE_URL}{path.replace('UID-KEY', key)}"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A mail server that is away breaks no password change; the log says so."""
        try:
            super().send_mail(template_prefix, email, context | {"base_url": settings.BASE_URL})
        except (smtplib.SMTPException, OSError) as trouble:
            logger.error("account mail was not sent", extra={"mail": template_prefix, "error": type(trouble).__name__})

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """A browser that this person has signed in with before is counted by itself: a stranger's failures elsewhere never lock it out."""
        key: str = super()._get_login_attempts_cache_key(request, **credentials)
        device = known_device(request, str(credentials.get("email", "")))
        return f"{key}:{device}" if device else key

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        if response is None and settings.OIDC_ONLY and not user.is_break_glass and "sociallogin" not in (kwargs["signal_kwargs"] or {}):
            messages.error(request, "Passwords and passkeys are for break-glass accounts here. Use single sign-on.")
            return redirect("account_login")
        return response

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        if user.is_break_glass and settings.OIDC_URL:
            break_glass.tell(user, ip=self.get_client_ip(request), at=clock.now())
        value = signing.dumps([user.email.lower(), known_device(request, user.email) or secrets.token_hex(8)], salt=SALT)
        response.set_cookie(
            known_cookie(), value, max_age=KNOWN_FOR, secure=bool(settings.SESSION_COOKIE_SECURE), httponly=True, samesite="Lax", path="/"
        )
        return response


def known_device(request: HttpRequest, email: str) -> str:
    """The name of this browser if that person signed in with it in the last 90 days, else empty."""
    try:
        known, device = signing.loads(request.COOKIES.get(known_cookie(), ""), salt=SALT, max_age=KNOWN_FOR)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(device) if known == email.lower() else ""
