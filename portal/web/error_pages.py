"""What people see when a request fails; the API and the hook answer JSON. Named in `portal.urls`."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import loader

from portal.web import logs

MACHINES = ("/api/", "/hooks/")
WORDS = {
    400: ("invalid", "The request could not be read."),
    403: ("not_allowed", "This is not allowed."),
    404: ("not_found", "There is nothing here, or you may not see it."),
    500: ("broken", "Something broke on our side."),
}


def _answer(request: HttpRequest, status: int) -> HttpResponse:
    request_id = logs.request_id.get()
    if request.path_info.startswith(MACHINES):
        code, message = WORDS[status]
        return JsonResponse({"code": code, "message": message, "request_id": request_id}, status=status)
    if status == 500:
        return HttpResponse(loader.get_template("500.html").render({"request_id": request_id}), status=500)
    return render(request, f"{status}.html", {"request_id": request_id}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 400)


def not_allowed(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404)


def broken(request: HttpRequest) -> HttpResponse:
    return _answer(request, 500)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """settings.CSRF_FAILURE_VIEW."""
    return render(request, "403_csrf.html", {"request_id": logs.request_id.get()}, status=403)
