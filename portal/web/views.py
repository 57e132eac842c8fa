"""Pages of the frame itself."""

from __future__ import annotations

from datetime import timedelta
from typing import cast
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.templatetags.static import static
from django.views.decorators.http import require_safe

from portal import clock
from portal.accounts.models import User
from portal.errors import NotAllowed, require


@require_safe
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """One way to sign in: the admin's own form leads to ours, or to a refusal for people who are in already."""
    if request.user.is_authenticated:
        raise NotAllowed("The admin is for responders and above. An administrator can change your role.")
    return redirect(f"{resolve_url('account_login')}?{urlencode({'next': request.GET.get('next', '/admin/')})}")


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """For browsers that ask without reading the page."""
    return redirect(static("icon.svg"))


@require_safe
def components(request: HttpRequest) -> HttpResponse:
    """Every part of the interface in one place, for those who build it."""
    user = cast(User, request.user)
    require(user.is_staff, "The parts of the interface are shown to responders and above.")
    now = clock.now()
    moments = {
        "recent": now - timedelta(minutes=3),
        "older": now - timedelta(days=3),
        "soon": now + timedelta(seconds=252),
        "late": now - timedelta(seconds=125),
    }
    return render(request, "web/components.html", {"now": now, "moments": moments, "line": [2, 2, 3, 9, 20, 30, 46, 60, 72]})
