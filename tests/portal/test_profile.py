"""Everybody's own page."""

from __future__ import annotations

import pytest

from portal.accounts import profile
from portal.shelves import Shelf
from portal.web.panels import Panel

pytestmark = pytest.mark.django_db


def you(**changed):
    return {"name": "Ana", "phone": "+49 170 1", "time_zone": "Europe/Berlin", "theme": "dark", "keyboard_shortcuts": "on", **changed}


@pytest.fixture
def own(client, ana):
    client.force_login(ana)
    return client


def test_people_choose_their_zone_theme_and_keys(own, ana):
    own.post("/profile/", you(keyboard_shortcuts=""))

    ana.refresh_from_db()
    html = own.get("/profile/").content.decode()
    assert (ana.time_zone, ana.theme, ana.keyboard_shortcuts) == ("Europe/Berlin", "dark", False)
    assert '<html lang="en" data-now=' in html
    assert 'data-keys="off" data-theme="dark"' in html


def test_a_wrong_zone_is_said_and_nothing_typed_is_lost(own, ana):
    answer = own.post("/profile/", you(name="Ana Ruiz", time_zone="Mars/Olympus"))

    ana.refresh_from_db()
    assert answer.status_code == 422
    assert 'value="Ana Ruiz"' in answer.content.decode()
    assert (ana.name, ana.time_zone) == ("Ana", "UTC")


def test_nobody_raises_their_own_role_or_moves_to_another_address(own, ana):
    own.post("/profile/", you(role="admin", email="boss@example.org", is_active="", is_service="on"))

    ana.refresh_from_db()
    assert (ana.role, ana.email, ana.is_active, ana.is_service) == ("responder", "ana@example.org", True, False)


def test_a_zone_that_is_known_but_seldom_is_kept(own, ana):
    ana.time_zone = "CET"
    ana.save()

    assert '<option value="CET" selected>' in own.get("/profile/").content.decode()


def test_packages_add_sections_and_show_their_own_errors(own, rf, ana, monkeypatch):
    sections = Shelf("sections of the profile")
    monkeypatch.setattr(profile, "SECTIONS", sections)
    sections.put("second", Panel("_refusal.html", lambda user, now: {"refusal": f"second for {user}"}, order=20))
    sections.put("first", Panel("_refusal.html", lambda user, now: {"refusal": "first"}, order=10))
    request = rf.get("/profile/")
    request.user, request.session = ana, own.session

    plain = own.get("/profile/").content.decode()
    refused = profile.show(request, status=422, first={"refusal": "Not like this"})

    assert plain.index("first") < plain.index("second for Ana")
    assert refused.status_code == 422
    assert "Not like this" in refused.content.decode()
