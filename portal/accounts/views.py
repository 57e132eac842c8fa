"""Everybody's own page."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.accounts import profile as profile_page
from portal.accounts import sessions
from portal.accounts.acting import acting
from portal.accounts.forms import You
from portal.accounts.models import User


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Name, zone, theme and keys are saved here; the other sections post to addresses of their own."""
    if request.method != "POST":
        return profile_page.show(request)
    form = You(request.POST, instance=User.objects.get(pk=acting(request).pk))  # the shell goes on showing what is saved
    if not form.is_valid():
        return profile_page.show(request, status=422, you={"form": form})
    form.save()
    messages.success(request, "Your profile is saved.")
    return redirect("profile")


@login_required
@require_safe
def to_profile(request: HttpRequest) -> HttpResponse:
    """allauth's own lists are sections of the profile here."""
    return redirect(f"{reverse('profile')}#security")


@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign out one other browser; this one has its own button."""
    count = sessions.end(acting(request), pk=pk, here=request.session.session_key)
    messages.success(request, "That browser is signed out." if count else "That browser was signed out already.")
    return redirect("profile")


@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    count = sessions.end(acting(request), here=request.session.session_key)
    messages.success(request, f"{count} other browser{'' if count == 1 else 's'} signed out.")
    return redirect("profile")
