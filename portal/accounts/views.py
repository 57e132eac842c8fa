"""Everybody's own page."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from portal.accounts import profile as profile_page
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
