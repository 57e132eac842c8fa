"""People and invitations, for administrators."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from portal import clock
from portal.accounts import invitations, leaving
from portal.accounts.acting import acting
from portal.accounts.forms import Invite, SwitchOff
from portal.accounts.models import Invitation, User
from portal.accounts.roles import Role
from portal.errors import DomainError, require

PER_PAGE = 50


def _administrator(request: HttpRequest) -> User:
    user = acting(request)
    require(user.at_least(Role.ADMIN), "Only administrators invite people and see how they sign in.")
    return user


@require_http_methods(["GET", "HEAD", "POST"])
def people(request: HttpRequest) -> HttpResponse:
    """Who is here and how they sign in; posting the form invites somebody."""
    user = _administrator(request)
    form = Invite(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            invitation = invitations.invite(
                form.cleaned_data["email"], role=Role(form.cleaned_data["role"]), by=user, at=clock.now(), teams=form.teams()
            )
        except DomainError as refusal:
            form.add_error("email", str(refusal))
        else:
            return _invited(request, invitation)
    return _show(request, form)


def _show(request: HttpRequest, form: Invite, link: str = "") -> HttpResponse:
    factor = Authenticator.objects.filter(user=OuterRef("pk"), type__in=["totp", "webauthn"])
    sessions = UserSession.objects.filter(user=OuterRef("pk")).order_by("-last_seen_at")
    found = User.objects.filter(is_service=False).annotate(
        has_factor=Exists(factor),
        by_sso=Exists(SocialAccount.objects.filter(user=OuterRef("pk"))),
        seen_at=Subquery(sessions.values("last_seen_at")[:1]),
    )
    context = {
        "page": Paginator(found.order_by("-is_active", "name", "pk"), PER_PAGE).get_page(request.GET.get("page")),
        "invitations": Invitation.objects.filter(accepted_at=None, withdrawn_at=None).select_related("invited_by")[:100],
        "form": form,
        "link": link,
        "now": clock.now(),
    }
    return render(request, "accounts/people.html", context, status=422 if form.is_bound and form.errors else 200)


def _invited(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """The link is shown once, for portals whose mail does not leave the house."""
    messages.success(request, f"{invitation.email} is invited; the mail is on its way.")
    return _show(request, Invite(), link=invitations.link(invitation))


@require_POST
def invite_again(request: HttpRequest, pk: int) -> HttpResponse:
    user = _administrator(request)
    return _invited(request, invitations.invite_again(get_object_or_404(Invitation, pk=pk).pk, by=user, at=clock.now()))


@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    _administrator(request)
    invitation = get_object_or_404(Invitation, pk=pk)
    invitations.withdraw(pk, at=clock.now())
    messages.success(request, f"The invitation of {invitation.email} is withdrawn; its link no longer works.")
    return redirect("people")


@require_http_methods(["GET", "HEAD", "POST"])
def switch_off(request: HttpRequest, pk: int) -> HttpResponse:
    """What a person holds, who takes it over, and then they sign in no more."""
    user, now = _administrator(request), clock.now()
    person = get_object_or_404(User, pk=pk, is_active=True, is_service=False)
    must = bool(leaving.held(person, now, only_must=True))
    form = SwitchOff(request.POST or None, person=person, must=must)
    if request.method == "POST" and form.is_valid():
        try:
            leaving.switch_off(pk, form.cleaned_data["to"], by=user, at=now)
        except DomainError as refusal:
            form.add_error("to", str(refusal))
        else:
            messages.success(request, f"{person} is switched off and signs in no more.")
            return redirect("people")
    context = {"person": person, "held": leaving.held(person, now), "must": must, "form": form}
    return render(request, "accounts/switch_off.html", context, status=422 if form.is_bound else 200)
