"""Everybody's own page: what the frame knows of a person, and a shelf for what packages add."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal import clock
from portal.accounts import sessions
from portal.accounts.acting import acting
from portal.shelves import Shelf
from portal.web.panels import Panel

# Sections of /profile/: SECTIONS.put("contact-methods", Panel("notify/_methods.html", context, order=10)). Main column or side, by order.
# A section has its own form with its own URL; where that is refused the view answers `show(request, status=422, **{"contact-methods": {…}})`.
SECTIONS: Shelf[Panel] = Shelf("sections of the profile")


def show(request: HttpRequest, *, status: int = 200, **changed: dict[str, Any]) -> HttpResponse:
    """The whole profile; `changed` puts values over the context of single sections, such as a form with its errors."""
    now = clock.now()
    own = {"sessions": sessions.of(acting(request), request.session.session_key), "by_password": acting(request).has_usable_password()}
    changed = {"sessions": own, "security": own} | changed
    columns: dict[str, list[Any]] = {"main": [], "side": []}
    for name, section in sorted(SECTIONS, key=lambda named: named[1].order):
        columns[section.column].append(section.render(request, now, **changed.get(name, {})))
    return render(request, "accounts/profile.html", {"now": now, **columns}, status=status)
