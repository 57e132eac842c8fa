"""Pages that no other module prepares, each with the one thing of its kind that the authorisation table lays out."""

from __future__ import annotations

from functools import partial

from django.urls import reverse

from portal.accounts.roles import Role
from tests.browser.pages import Page

OF_THE_TABLE = (
    *("api-docs", "message-log", "message-log-of", "offline", "offline-page", "paging", "my-shifts", "service-oncall"),
    *("rotation-detail", "rotation-new", "rotation-edit", "layer-new", "layer-edit", "swap-detail", "handoff-detail"),
    *("incident-entries", "incident-correct", "acknowledge-by-link", "test-page"),
)
BY_LINK = {"acknowledge-by-link", "test-page"}  # of strangers, who hold a secret


def prepared(name: str, reader: object) -> str:
    from tests.test_authorisation import ROWS, laid_out

    row = next(row for row in ROWS if (row.url, row.method) == (name, "GET"))
    return reverse(name, kwargs=row.kwargs(laid_out()))


PAGES = [Page(name, partial(prepared, name), role=None if name in BY_LINK else Role.ADMIN) for name in OF_THE_TABLE]
