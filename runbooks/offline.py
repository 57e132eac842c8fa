"""When our own database is down: a static copy of the library, written whenever a runbook changes, and served to those who were signed in."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.html import escape
from django.views.decorators.http import require_safe

from oncall import rota
from oncall.models import Team
from portal import due
from portal.models import Due
from runbooks import exporting

DUE = "runbooks.offline"
LEASE = timedelta(minutes=5)
SETTLE = timedelta(seconds=10)  # several edits make one copy
AHEAD = timedelta(days=14)
COOKIE, COOKIE_AGE = "standby_offline", 7 * 24 * 3600  # seconds
_KINDS = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".txt": "text/plain"}
# The site's own files and nothing else; a page of the copy needs neither the portal's scripts nor its forms.
_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'; connect-src 'none'"
)


def folder() -> Path:
    return Path(settings.OFFLINE_DIR)


def later(at: datetime) -> None:
    """In the transaction that changes a runbook: write the copy anew in ten seconds. 1-2 queries."""
    due.put(DUE, "site", at=at + SETTLE, priority=3)


def handle(row: Due, now: datetime) -> None:
    exporting.site(folder(), now)
    with transaction.atomic():
        due.settle(row)


def cards(now: datetime) -> tuple[str, str, dict[str, Any]]:
    """The chapter of who answers: each team's rotations for two weeks, and how its people are reached."""
    coming: dict[int, list[dict[str, Any]]] = {}
    for rotation, spans in rota.coming(now, now + AHEAD):
        shifts = [{"starts": span.starts_at, "ends": span.ends_at, "who": str(span.person or "nobody")} for span in spans]
        coming.setdefault(rotation.team_id, []).append({"name": rotation.name, "shifts": shifts})
    teams = []
    for team in Team.objects.prefetch_related("membership_set__user"):
        members = [member for member in team.membership_set.all() if member.user.is_active]
        people = [
            {"name": str(member.user), "role": member.role if member.role == "lead" else "", "contact": member.user.email} for member in members
        ]
        teams.append({"name": team.name, "rotations": coming.get(team.pk, []), "people": people})
    return "Who is on call", "offline/oncall.html", {"teams": teams}


class Fallback:
    """Middleware: where a page of runbooks fails because the database is away, the copy is served with its age.

    Only to a browser that was signed in during the last seven days, by a cookie of its own that needs no database.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code >= 500 and request.method in ("GET", "HEAD") and request.path.startswith(("/runbooks/", "/r/", "/offline/")):
            return self._copy(request) if _away() else response
        if response.status_code < 500:
            self._remember(request, response)
        return response

    def _remember(self, request: HttpRequest, response: HttpResponse) -> None:
        """Once a day, for whoever is signed in; taken away with the session."""
        user = getattr(request, "_cached_user", None)
        if user is not None and user.is_authenticated:
            if not _age_of(request, 24 * 3600):
                value = signing.dumps({"user": user.pk}, salt=COOKIE)
                secure = settings.SESSION_COOKIE_SECURE
                response.set_cookie(COOKIE, value, max_age=COOKIE_AGE, httponly=True, samesite="Lax", secure=secure)
        elif user is not None and COOKIE in request.COOKIES:
            response.delete_cookie(COOKIE)

    def _copy(self, request: HttpRequest) -> HttpResponse:
        if not _age_of(request, COOKIE_AGE):
            return _page(
                "The database is away", "Whoever was signed in here in the last seven days reads the copy. Sign in when the portal is back.", 503
            )
        page = _wanted(request.path)
        if page and page.startswith(":"):
            return _redirect(page[1:])
        found = page and _read(page)
        if not found:
            return _page("Not in the copy", f"The database is away, and the copy {_written()} holds no such page.", 503)
        content, kind = found
        response = HttpResponse(content, content_type=kind)
        response["Content-Security-Policy"] = _POLICY
        response["Cache-Control"] = "private, no-store"
        response["X-Content-Type-Options"] = "nosniff"
        return response


def _redirect(url: str) -> HttpResponse:
    response = HttpResponse(status=302)
    response["Location"] = url
    return response


def _wanted(path: str) -> str:
    """The file of the copy for an address of the portal; `:<address>` to go there first, so that links inside the copy work."""
    if path.startswith("/offline/"):
        return path.removeprefix("/offline/") or "index.html"
    if path == "/runbooks/":
        return ":/offline/index.html"
    slug = path.removeprefix("/runbooks/").strip("/")
    if path.startswith("/runbooks/") and slug and "/" not in slug:
        return f":/offline/runbooks/{slug}.html"
    return ":/offline/index.html"


def _read(name: str) -> tuple[bytes, str] | None:
    root = folder().resolve()
    place = (root / name).resolve()
    kind = _KINDS.get(place.suffix)
    if not kind or not place.is_relative_to(root):
        return None
    with contextlib.suppress(OSError):
        return place.read_bytes(), kind
    return None


def _written() -> str:
    with contextlib.suppress(OSError):
        return f"of {datetime.fromtimestamp((folder() / 'written-at.txt').stat().st_mtime, UTC):%H:%M UTC}"
    return "that was never written"


def _page(title: str, text: str, status: int) -> HttpResponse:
    return HttpResponse(f"<!doctype html><title>{escape(title)}</title><h1>{escape(title)}</h1><p>{escape(text)}</p>", status=status)


def _age_of(request: HttpRequest, seconds: int) -> bool:
    """Whether the cookie was set in the last so many seconds, by us."""
    try:
        signing.loads(request.COOKIES.get(COOKIE, ""), salt=COOKIE, max_age=seconds)
    except signing.BadSignature:
        return False
    return True


def _away() -> bool:
    """Whether the database does not answer now. A new connection is made, so that it is found again without a restart."""
    try:
        connection.close()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return True
    return False


@require_safe
def page(request: HttpRequest, name: str = "index.html") -> HttpResponse:
    """`/offline/…` while the database is there too: the same copy, to see what it holds."""
    found = _read(name)
    if not found:
        return _page("Not in the copy", f"The copy {_written()} holds no such page. It is written ten seconds after a runbook changes.", 404)
    response = HttpResponse(found[0], content_type=found[1])
    response["Content-Security-Policy"] = _POLICY
    return response
