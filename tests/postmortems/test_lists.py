"""The lists of postmortems and action items."""

from __future__ import annotations

import pytest
from django.urls import reverse

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("state", ["all", "writing", "fixes"])
def test_a_draft_with_an_open_fix_is_in_every_list(client, item, ana, state):
    client.force_login(ana)

    page = client.get(reverse("postmortem-list"), {"state": state}).content.decode()

    assert "All agent runs fail" in page
    assert "0 of 1" in page


@pytest.mark.parametrize("query", ["", "?owner=me", "?state=all"])
def test_an_open_item_is_listed_with_its_owner(client, item, ana, query):
    client.force_login(ana)

    page = client.get(reverse("action-list") + query).content.decode()

    assert item.title in page
    assert "Ana" in page
