"""Pages of the frame whose queries are counted."""

from __future__ import annotations

from tests.conftest import person
from tests.query_counting import Counted


def people(reader, number):
    for count in range(number):
        person(f"P{number}x{count}")


PAGES = [
    Counted("home", lambda reader: "/", people),
    Counted("components", lambda reader: "/components/"),
    Counted("admin-index", lambda reader: "/admin/"),
]
