"""Sockets of the first page: what each package shows there."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from django.utils.safestring import SafeString

from portal.shelves import Shelf
from portal.web.panels import Panel

# By name: "open-incidents" (order 10), "services" (60), on the side "on-call" (10), "runbooks" (50), … "Waiting for you" stands at 40.
panels: Shelf[Panel] = Shelf("panels of the first page")
WAITING = 40
OPEN_INCIDENTS = "open-incidents"  # silent when none is open: the page then says that all is quiet


def drawn(request: HttpRequest, now: datetime, column: str) -> list[tuple[int, SafeString]]:
    """Order and HTML of the panels of a column that have something to show."""
    found = sorted((panel for _, panel in panels if panel.column == column), key=lambda panel: panel.order)
    return [(panel.order, html) for panel in found if (html := panel.render(request, now)).strip()]
