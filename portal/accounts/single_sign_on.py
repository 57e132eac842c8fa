"""Single sign-on by OpenID Connect: who comes in, as which role, and whose word we take for it.

allauth walks the code flow (state, PKCE); `oidc` adds that tokens must be signed. An address counts only when the provider confirmed it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, _build_apps_from_settings
from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import render

from portal import clock
from portal.accounts import invitations
from portal.accounts.models import User, zones
from portal.accounts.oidc_requests import Session
from portal.accounts.roles import Role

PROVIDER = "sso"


def is_on() -> bool:
    return bool(settings.SOCIALACCOUNT_PROVIDERS)


def is_only() -> bool:
    """Everybody but break-glass accounts comes by single sign-on."""
    return bool(settings.OIDC_ONLY)


def name() -> str:
    """What the sign-in button says after "Sign in with"."""
    return str(settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["name"])


def role_of(groups: list[str]) -> Role | None:
    """The highest role that PORTAL_OIDC_ROLES gives to these groups, else the default; None: nobody without a group comes in."""
    found = [Role(role) for group, role in settings.OIDC_ROLES.items() if group in groups]
    if found:
        return max(found, key=lambda role: role.rank)
    return None if settings.OIDC_DEFAULT_ROLE == "none" else Role(settings.OIDC_DEFAULT_ROLE)


class Adapter(DefaultSocialAccountAdapter):
    """allauth's questions, answered by our rules."""

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[Any]:
        """From settings only; no row of the database brings another provider."""
        return [app for apps in _build_apps_from_settings(provider=provider, client_id=client_id).values() for app in apps]

    def get_requests_session(self) -> Any:
        return Session()

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return True  # whom `pre_social_login` let through

    def can_authenticate_by_email(self, login: Any, email: str) -> bool:
        """Never a break-glass account: it is for the night on which the provider is not to be trusted or not there."""
        return not User.objects.filter(email__iexact=email, is_break_glass=True).exists()

    def authenticate_by_email(self, sociallogin: Any) -> Any:
        """Only by an address that the provider says in plain that it confirmed."""
        return super().authenticate_by_email(sociallogin) if is_confirmed(claims_of(sociallogin)) else None

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        claims = claims_of(sociallogin)
        email = str(claims.get("email") or "")
        role = role_of(groups_of(sociallogin))
        if role is None:
            refuse(request, "None of your groups may use this portal. An administrator can add one, or invite you.")
        if sociallogin.is_existing:
            if settings.OIDC_ROLES and not sociallogin.user.is_break_glass and sociallogin.user.role != role:
                User.objects.filter(pk=sociallogin.user.pk).update(role=role)
                sociallogin.user.role = role
            return
        if not email or not is_confirmed(claims):
            refuse(request, "Your identity provider did not confirm an e-mail address of yours, so we cannot tell who you are here.")
        if User.objects.filter(email__iexact=email).exists():
            refuse(request, "This address belongs to an account that does not use single sign-on. Sign in with its password.")

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: Mapping[str, Any]) -> User:
        claims = claims_of(sociallogin)
        user: User = sociallogin.user
        user.email = str(data.get("email") or "")
        user.name = str(claims.get("name") or claims.get("preferred_username") or user.email.partition("@")[0])[:120]
        user.role = role_of(groups_of(sociallogin)) or Role.VIEWER
        zone = str(claims.get("zoneinfo") or "")
        user.time_zone = zone if zone in zones() else settings.DEFAULT_TEAM_TIME_ZONE
        return user

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> User:
        user: User = super().save_user(request, sociallogin, form)
        invitations.fulfil(user, at=clock.now())
        return user

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None, extra_context: Any = None
    ) -> None:
        if error == "cancelled":
            refuse(request, "You left the sign-in page of your organisation before it was done.")
        refuse(request, "Single sign-on did not answer as it should, or its answer was not to be trusted. Try again in a minute.")


def refuse(request: HttpRequest, why: str) -> NoReturn:
    """Raises: ImmediateHttpResponse, a page that says why and leads back to the sign-in page."""
    raise ImmediateHttpResponse(render(request, "account/sso_refused.html", {"why": why}, status=403))


def claims_of(sociallogin: Any) -> dict[str, Any]:
    """What the provider says of this person: the identity token, with the userinfo on top."""
    data = sociallogin.account.extra_data
    return {**(data.get("id_token") or {}), **(data.get("userinfo") or {})}


def is_confirmed(claims: Mapping[str, Any]) -> bool:
    """True itself, or the word, which some providers send."""
    return claims.get("email_verified") is True or claims.get("email_verified") == "true"


def groups_of(sociallogin: Any) -> list[str]:
    """From the claim PORTAL_OIDC_GROUPS_CLAIM: a list, or one word."""
    found = claims_of(sociallogin).get(settings.OIDC_GROUPS_CLAIM) or []
    return [str(group) for group in (found if isinstance(found, list) else [found])]
