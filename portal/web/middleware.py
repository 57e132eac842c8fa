"""Around every request: an id for the logs, who may come in, whose time zone, what may be cached."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.cache import patch_cache_control

from portal.web import logs

Next = Callable[[HttpRequest], HttpResponse]

# Open to people who are not signed in; everything else sends them to sign in. Views below decide for themselves.
OPEN = re.compile(r"^/(accounts/|static/|hooks/|api/|healthz$|readyz$|metrics$|status/|favicon\.ico$)")


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
        if request.user.is_authenticated or OPEN.match(request.path_info):
            return self.get_response(request)
        response = HttpResponse(status=302)
        response["Location"] = f"{resolve_url(settings.LOGIN_URL)}?next={quote(request.get_full_path())}"
        return response


class ReaderTimeZone:
    """Pages render times in the reader's zone."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            with timezone.override(request.user.zone):
                return self.get_response(request)
        return self.get_response(request)
