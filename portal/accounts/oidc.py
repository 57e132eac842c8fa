"""The walk to an identity provider and back: allauth's code flow, with tokens that must be signed."""

from __future__ import annotations

from typing import Any

import jwt
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from portal.accounts.single_sign_on import PROVIDER, is_on

SIGNED_WITH = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}  # never none, never a shared secret


class Provider(OpenIDConnectOAuth2Adapter):
    """The code flow with an identity token that must be signed, be there, and be about the same person as the userinfo."""

    def _decode_id_token(self, app: Any, id_token: str) -> dict[str, Any]:
        try:
            head = jwt.get_unverified_header(id_token)
        except jwt.PyJWTError as bad:
            raise OAuth2Error("The identity token cannot be read.") from bad
        if head.get("alg") not in SIGNED_WITH or not head.get("kid"):
            raise OAuth2Error("The identity token is not signed in a way that we trust.")
        found: dict[str, Any] = jwtkit.verify_and_decode(
            credential=id_token,
            keys_url=self.openid_config["jwks_uri"],
            issuer=self.openid_config["issuer"],
            audience=app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk,
            verify_signature=True,
        )
        return found

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        if not kwargs["response"].get("id_token"):
            raise OAuth2Error("No identity token came.")
        login = super().complete_login(request, app, token, **kwargs)
        data = login.account.extra_data
        if data["userinfo"].get("sub") != data["id_token"].get("sub"):
            raise OAuth2Error("Userinfo and identity token are about two people.")
        return login


def begin(request: HttpRequest, provider_id: str) -> HttpResponse:
    """To the provider's own page. Raises: Http404, single sign-on is not configured."""
    return _walk(OAuth2LoginView, request, provider_id)


def finish(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Back from there."""
    return _walk(OAuth2CallbackView, request, provider_id)


def _walk(view: Any, request: HttpRequest, provider_id: str) -> HttpResponse:
    if not is_on() or provider_id != PROVIDER:
        raise Http404
    try:
        response: HttpResponse = view.adapter_view(Provider(request, provider_id))(request)
    except OAuth2Error:  # before the way out: the provider's configuration could not be read
        return render(request, "account/sso_refused.html", {"why": "Single sign-on does not answer. Try again in a minute."}, status=503)
    return response
