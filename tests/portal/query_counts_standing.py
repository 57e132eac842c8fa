"""Pages on which nothing grows with rows, of all packages."""

from __future__ import annotations

from tests.browser import pages_command, pages_incidents, pages_oncall, pages_runbooks
from tests.browser.pages import PAGES as FRAME
from tests.query_counting import standing

KNOWN = {page.name: page.prepare for page in (*FRAME, *pages_command.PAGES, *pages_incidents.PAGES, *pages_oncall.PAGES, *pages_runbooks.PAGES)}
NAMES = (
    "api-docs",
    "acknowledge-by-link",
    "test-page",
    "incident-correct",
    "swap-detail",
    "offline",
    "offline-page",
    "status",
    "runbook-conflict",
    "runbook-rules",
)
PAGES = [standing(name, KNOWN[name]) for name in NAMES]
