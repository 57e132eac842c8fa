"""Who is on call, and the checklist on one's own page."""

from __future__ import annotations

import pytest
from django.urls import reverse

from oncall import shifts, starting
from oncall.models import Checklist, ChecklistTemplate
from portal import clock
from portal.notify import methods
from tests.conftest import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def checklist(rotation):
    """Of whoever has the shift now."""
    starting.lay_out(clock.now())
    ChecklistTemplate.objects.exclude(slug="shift-checklist").update(before_shifts=False)
    shifts.open_checklists(clock.now())
    return Checklist.objects.first()


def test_the_page_says_who_answers_and_until_when(client, checklist):
    client.force_login(checklist.person)

    page = client.get(reverse("oncall")).content.decode()

    assert "Has the shift in “Crew primary”" in page
    assert "Laptop charged and ready" in page


def test_a_hole_is_red_on_the_page(client, rotation, ana):
    rotation.turns.all().delete()
    client.force_login(ana)

    assert "Nobody is on call: “Crew primary” has no people" in client.get(reverse("oncall")).content.decode()


def test_eight_taps_and_a_test_page_finish_the_checklist_and_it_no_longer_waits(client, checklist):
    client.force_login(checklist.person)
    assert "Tick the shift checklist" in client.get("/").content.decode()

    for item in checklist.items.filter(proof=""):
        assert client.post(reverse("checklist-tick", args=[item.pk])).status_code == 302
    methods.prove(checklist.person, None, at=clock.now())

    assert list(checklist.items.values_list("state", flat=True)) == ["ticked"] * 9
    assert "Tick the shift checklist" not in client.get("/").content.decode()


def test_skipping_without_a_reason_is_refused_with_a_sentence(client, checklist):
    client.force_login(checklist.person)
    item = checklist.items.first()

    refused = client.post(reverse("checklist-skip", args=[item.pk]), {"reason": ""})

    assert refused.status_code == 400
    assert "why this check is skipped" in refused.content.decode()


def test_somebody_else_cannot_tick_it(client, checklist):
    client.force_login(person("Cleo"))

    assert client.post(reverse("checklist-tick", args=[checklist.items.first().pk])).status_code == 403


def test_the_api_says_who_answers_for_a_service_at_a_moment(client, rotation, runner, ana):
    client.force_login(ana)

    answer = client.get("/api/services/runner/oncall/", {"at": "2026-03-03T12:00:00Z"}).json()

    assert answer["results"][0]["person"]["name"] == "Ana"
    assert client.get("/api/services/runner/oncall/", {"at": "noon"}).status_code == 400


def test_an_administrator_adds_a_person_who_can_sign_in(client, admin_user):
    client.force_login(admin_user)
    fields = {"email": "eve@example.org", "name": "Eve", "role": "responder", "time_zone": "Europe/Berlin", "is_active": "on"}

    response = client.post(reverse("admin:accounts_user_add"), {**fields, "password_to_set": "correct horse battery"})

    assert response.status_code == 302
    client.logout()
    assert client.post("/accounts/login/", {"login": "eve@example.org", "password": "correct horse battery"})["Location"] == "/"
