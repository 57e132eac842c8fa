"""Where an invitation's link leads."""

from __future__ import annotations

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from portal import clock
from portal.accounts import invitations, single_sign_on
from portal.accounts.forms import Welcome
from portal.accounts.models import Invitation

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """A name, a zone and a password, and one is in; with single sign-on alone there is nothing to type."""
    try:
        found = invitations.opened(token, at=clock.now())
        response = _ask(request, token, found)
    except invitations.NoLongerOpen as refusal:
        response = render(request, "accounts/invitation_over.html", {"why": str(refusal)}, status=refusal.http_status)
    response["Referrer-Policy"] = "no-referrer"  # the address is a secret
    return response


def _ask(request: HttpRequest, token: str, found: Invitation) -> HttpResponse:
    form = Welcome(request.POST or None, invitation=found)
    if request.method == "POST" and not single_sign_on.is_only() and form.is_valid():
        user = invitations.accept(token, at=clock.now(), **form.cleaned_data)
        login(request, user, BACKEND)
        return redirect("home")
    context = {"form": form, "invitation": found, "only_sso": single_sign_on.is_only()}
    return render(request, "accounts/invitation.html", context, status=422 if request.method == "POST" else 200)
