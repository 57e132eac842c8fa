"""Every page has an entry in the browser suite and one among the counted: a new URL without them fails here."""

from __future__ import annotations

import importlib
import pkgutil
from contextlib import contextmanager

import pytest
from django.db import transaction
from django.test import Client
from django.urls import resolve, reverse

from portal.accounts.roles import Role
from tests import browser
from tests.conftest import person
from tests.portal.test_query_counts import PAGES as COUNTED
from tests.test_authorisation import ROWS, world  # noqa: F401  (a fixture)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

# Answers a page in some state only; whoever looks at it there says where.
ELSEWHERE = {
    "mfa_authenticate": "tests/browser/test_sign_in.py walks there by password",
    "mfa_reauthenticate_webauthn": "tests/browser/test_sign_in.py walks there with a real passkey",
}
# Nothing of it grows with rows.
UNCOUNTED = {"account_", "mfa_", "invitation"}


@contextmanager
def thrown_away():
    """A transaction in a test that may hold durable ones, as the test's own does."""
    block = transaction.atomic()
    block._from_testcase = True
    with block:
        yield
        transaction.set_rollback(True)


@pytest.fixture
def looked_at(db) -> set[str]:
    """The URL names of all pages of the browser suite, each prepared on an empty database and thrown away again."""
    found = set()
    for module in pkgutil.iter_modules(browser.__path__):
        if module.name.startswith("pages"):
            for page in importlib.import_module(f"{browser.__name__}.{module.name}").PAGES:
                with thrown_away():
                    found.add(resolve(page.prepare(page.reader()).partition("?")[0]).view_name)
    return found


@pytest.fixture
def counted(db) -> set[str]:
    """The URL names of all pages whose queries are counted."""
    reader, found = person("Reader", Role.ADMIN), set()
    for page in COUNTED.values():
        with thrown_away():
            page.rows(reader, 1)
            found.add(resolve(page.url(reader).partition("?")[0]).view_name)
    return found


def pages_of(world) -> set[str]:  # noqa: F811
    """The URL names that answer an administrator, or a stranger, with a page."""
    found = set()
    for row in ROWS:
        if row.method == "GET":
            url = reverse(row.url, kwargs=row.kwargs(world))
            for column in ("admin", "anon"):
                answer = Client(raise_request_exception=False) if column == "anon" else world.clients["admin"]
                response = answer.get(url)
                if response.status_code == 200 and response["Content-Type"].startswith("text/html") and b"<html" in response.content[:300]:
                    found.add(row.url)
    return found


def test_every_page_is_looked_at_in_a_browser(looked_at, world):  # noqa: F811
    pages = pages_of(world)

    without = sorted(pages - looked_at - set(ELSEWHERE))

    assert len(pages) > 20
    assert not without, f"add {without} to tests/browser/pages_<package>.py"


def test_the_queries_of_every_page_are_counted(counted, world):  # noqa: F811
    without = sorted(name for name in pages_of(world) - counted if not name.startswith(tuple(UNCOUNTED)))

    assert not without, f"add {without} to tests/<package>/query_counts.py"
