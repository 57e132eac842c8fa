"""Every page, as a person sees it."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from tests import browser as here
from tests.browser.looks import looks_right

pytestmark = [pytest.mark.browser, pytest.mark.looks, pytest.mark.django_db(transaction=True)]

PAGES = [
    page
    for found in pkgutil.iter_modules(here.__path__)
    if found.name.startswith("pages")
    for page in importlib.import_module(f"{here.__name__}.{found.name}").PAGES
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_looks_right(page, open_page):
    reader = page.reader()

    looks_right(open_page, page.name, page.prepare(reader), reader, session=page.session(reader), status=page.status)
