"""A page asks the same number of queries with one row and with fifty, and that number is written down.

`UPDATE_QUERY_COUNTS=1 pytest tests/portal/test_query_counts.py` rewrites tests/query_counts.json.
Packages add `tests/<package>/query_counts*.py` with a list PAGES of `Counted`.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.accounts.roles import Role
from tests.conftest import REPOSITORY_ROOT, person

BASELINE = REPOSITORY_ROOT / "tests/query_counts.json"
PACKAGES = ("portal", "oncall", "runbooks", "incidents", "postmortems")
MANY = 50


def pages():
    """Every Counted of every package."""
    for package in PACKAGES:
        home = importlib.import_module(f"tests.{package}")
        for found in pkgutil.iter_modules(home.__path__):
            if found.name.startswith("query_counts"):
                yield from importlib.import_module(f"{home.__name__}.{found.name}").PAGES


PAGES = {page.name: page for page in pages()}


def queries(client: Client, url: str) -> int:
    """Queries of the second call: the first fills caches such as content types."""
    assert client.get(url).status_code == 200
    with CaptureQueriesContext(connection) as found:
        client.get(url)
    return len(found)


@pytest.mark.django_db
@pytest.mark.parametrize("name", PAGES)
def test_more_rows_ask_no_more_queries(name):
    page = PAGES[name]
    reader = person("Mara", Role.ADMIN)
    client = Client()
    client.force_login(reader)

    page.rows(reader, 1)
    with_one = queries(client, page.url(reader))
    page.rows(reader, MANY - 1)
    with_many = queries(client, page.url(reader))

    written = json.loads(BASELINE.read_text())
    if os.environ.get("UPDATE_QUERY_COUNTS"):
        BASELINE.write_text(json.dumps(dict(sorted({**written, name: with_many}.items())), indent=1) + "\n")
        written[name] = with_many
    assert with_one == with_many
    if connection.vendor == "sqlite":  # PostgreSQL asks a few more or less of itself; the committed figures are SQLite's
        assert with_many == written.get(name)


def test_every_counted_page_still_exists():
    assert set(json.loads(BASELINE.read_text())) == set(PAGES)
