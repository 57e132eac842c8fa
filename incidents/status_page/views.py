"""The public address of the files: no session, no cookie, cacheable; the last written file when the database does not answer."""

from __future__ import annotations

from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from incidents.status_page import publishing
from portal import clock

SECONDS = 15  # that a cache may keep it
REFRESH = 60  # seconds
FAILING = (DatabaseError, InterfaceError)


@require_safe
def status_file(request: HttpRequest, name: str = "index.html") -> HttpResponse:
    """`/status/`, and its feed, JSON and stylesheet."""
    if name not in publishing.FILES:
        raise Http404
    text = publishing.read(name)
    if text is None:
        try:
            publishing.write(clock.now())
            text = publishing.read(name)
        except FAILING:
            text = None
    if text is None:
        return HttpResponse("The status page has not been written yet.", status=503, content_type="text/plain")
    response = HttpResponse(text, content_type=publishing.FILES[name])
    response["Cache-Control"] = f"public, max-age={SECONDS}"
    if name == "index.html":
        response["Refresh"] = str(REFRESH)  # a reader who leaves it open sees the next word
    response["Last-Modified"] = publishing.last_modified(name)
    return response
