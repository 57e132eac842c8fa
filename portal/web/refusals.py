"""A refusal on a page: an own page, or a fragment when htmx asked. The API's twin is `portal.refusals`."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

from portal.errors import DomainError
from portal.web.fragments import beside
from portal.web.middleware import Next

WORTH_KEEPING = 10  # characters; less is typed again sooner than copied


class Refusals:
    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, DomainError):
            return None
        if getattr(request, "htmx", False):
            response = beside(render(request, "_refusal.html", {"refusal": error}, status=error.http_status))
        else:
            response = render(
                request, "refusal.html", {"refusal": error, "kept": typed(request), "back": came_from(request)}, status=error.http_status
            )
        for name, value in error.headers.items():
            response[name] = value
        return response


def came_from(request: HttpRequest) -> str:
    """The path of our own page that led here, or nothing."""
    page = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure()):
        return ""
    return urlsplit(page)._replace(scheme="", netloc="").geturl()


def typed(request: HttpRequest) -> list[str]:
    """Texts that a refused form had brought, to be copied from the refusal; secrets are left out."""
    secret = ("token", "password", "secret", "key")
    sent = ((name, value) for name in request.POST for value in request.POST.getlist(name))
    return [value for name, value in sent if len(value) >= WORTH_KEEPING and not any(word in name.lower() for word in secret)]
