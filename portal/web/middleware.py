"""Around every request: an id for the logs, who may come in, whose time zone, what may be cached."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from urllib.parse import urlencode

from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils import timezone
from django.utils.cache import patch_cache_control

from portal.web import logs
from portal.web.fragments import beside

Next = Callable[[HttpRequest], HttpResponse]

# Open to people who are not signed in; everything else sends them to sign in. Views below decide for themselves.
OPEN = re.compile(r"^/(accounts/|static/|hooks/|api/|ack/|t/|oncall/feeds/cal_|actions/feed/due_|healthz$|readyz$|metrics$|status/|favicon\.ico$)")


# The public page asks for no session, so that it stands when the database does not.
PUBLIC = re.compile(r"^/status/")


class RequestId:
    """`X-Request-Id` of each answer stands in its log lines and on the error page."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = uuid.uuid4().hex[:12]
        token = logs.request_id.set(request_id)
        try:
            response = self.get_response(request)
        finally:
            logs.request_id.reset(token)
        response["X-Request-Id"] = request_id
        return response


class PrivatePages:
    """Nothing that a signed-in person sees is kept by a cache; no browser feature is needed."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
        if not response.has_header("Cache-Control") and not request.path.startswith(settings.STATIC_URL):
            patch_cache_control(response, private=True, no_store=True)
        return response


class SignInRequired:
    """Pages are for people who signed in; the hook and the API answer for themselves."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if OPEN.match(request.path_info) or request.user.is_authenticated:
            return self.get_response(request)
        if request.headers.get("HX-Request"):
            return beside(render(request, "_signed_out.html", status=401))
        way_back = request.get_full_path() if request.method in {"GET", "HEAD"} else "/"  # a form is not sent again by a link
        return HttpResponseRedirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': way_back})}")


class AdminPolicy:
    """The admin's toolkit evaluates expressions in attributes and sets styles; scripts written into a page stay forbidden."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path_info.startswith("/admin/"):
            response._csp_update = {"script-src": [UNSAFE_EVAL], "style-src": [UNSAFE_INLINE]}  # type: ignore[attr-defined]
        return response


class ReaderTimeZone:
    """Pages render times in the reader's zone."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not PUBLIC.match(request.path_info) and request.user.is_authenticated:
            with timezone.override(request.user.zone):
                return self.get_response(request)
        return self.get_response(request)
