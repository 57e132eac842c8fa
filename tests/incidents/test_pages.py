"""The incident page: one decision first, then the whole incident from one place."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from incidents import checking, lifecycle
from incidents.models import Incident
from portal import clock
from tests.conftest import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def running(runner):
    """A SEV1 declared a minute ago."""
    at = clock.now() - timedelta(minutes=1)
    return lifecycle.declare(title="Agents do not answer", severity=1, service=runner, summary="Nothing comes back.", by=person("Dia"), at=at)


def page_of(client, incident):
    return client.get(reverse("incident-detail", args=[incident.pk])).content.decode()


def test_nobody_acknowledged_shows_one_button_and_who_is_paged_next(client, running, ana):
    client.force_login(ana)

    page = page_of(client, running)

    assert "Acknowledge" in page
    assert page.index("<strong>Ana</strong>") < page.index("<strong>Ben</strong>") < page.index("<strong>Lea</strong>")
    assert "not acknowledged" in page


def test_one_tap_acknowledges_and_opens_the_command_centre(client, running, ana):
    client.force_login(ana)

    client.post(reverse("incident-ack", args=[running.pk]))

    page = page_of(client, running)
    assert "Mark identified" in page
    assert "Acknowledged; paging stops" in page


def test_the_second_tap_is_told_who_was_faster(client, running, ana, ben):
    lifecycle.acknowledge(running.pk, by=ben, at=clock.now())
    client.force_login(ana)

    response = client.post(reverse("incident-ack", args=[running.pk]))

    assert response.status_code == 409
    assert "Ben already acknowledged" in response.content.decode()


def test_a_viewer_sees_everything_and_no_button(client, running):
    client.force_login(person("Vic", "viewer"))

    page = page_of(client, running)

    assert "Agents do not answer" in page
    assert reverse("incident-ack", args=[running.pk]) not in page


def test_a_note_lands_on_the_timeline_escaped(client, running, ana):
    client.force_login(ana)

    client.post(reverse("incident-note", args=[running.pk]), {"text": "Rolled **back** <img src=x onerror=alert(1)>"})

    page = page_of(client, running)
    assert "<strong>back</strong>" in page
    assert "<img src" not in page


def seen_by(client, incident):
    """The mark that the page carries."""
    return re.search(r'name="seen" value="([^"]+)"', page_of(client, incident))[1]


def test_a_poll_that_finds_nothing_new_is_one_read_beside_the_session(client, running, ana, django_assert_num_queries):
    client.force_login(ana)
    seen = seen_by(client, running)

    with django_assert_num_queries(3):  # the session, its person, the mark
        response = client.get(reverse("incident-live", args=[running.pk]), {"seen": seen})

    assert response.status_code == 204


def test_a_poll_after_somebodys_tick_brings_the_tick_and_its_entry(client, running, ana, ben):
    client.force_login(ana)
    seen = seen_by(client, running)
    checking.tick(running.checks.first().pk, by=ben, at=clock.now())

    parts = client.get(reverse("incident-live", args=[running.pk]), {"seen": seen}).content.decode()

    assert 'hx-swap-oob="afterbegin:#tl"' in parts
    assert "Ticked: Alert acknowledged within 5 minutes" in parts
    assert 'id="inc-side"' in parts
    assert "2 of 20" in parts  # and the severity that a person chose


def test_declaring_needs_a_title_and_keeps_what_was_typed(client, crew, ana):
    client.force_login(ana)

    response = client.post(reverse("incident-new"), {"title": " ", "severity": "2", "summary": "It smells of smoke"})

    assert response.status_code == 422
    assert "It smells of smoke" in response.content.decode()
    assert "Say in a few words" in response.content.decode()


def test_declaring_opens_the_incident(client, runner, ana):
    client.force_login(ana)

    response = client.post(reverse("incident-new"), {"title": "Slow for EU tenants", "severity": "2", "service": runner.pk})

    assert response["Location"] == reverse("incident-detail", args=[Incident.objects.get().pk])


def test_the_first_page_shows_what_nobody_acknowledged_with_its_button(client, running, ana):
    client.force_login(ana)

    page = client.get("/").content.decode()

    assert "Agents do not answer" in page
    assert reverse("incident-ack", args=[running.pk]) in page


def test_a_restricted_incident_is_in_no_list_and_no_count(client, running):
    Incident.objects.update(is_restricted=True)
    client.force_login(person("Cleo"))

    assert "Agents do not answer" not in client.get(reverse("incident-list")).content.decode()
    assert "Agents do not answer" not in client.get("/").content.decode()


def test_a_title_full_of_markup_is_shown_as_text(client, runner, ana):
    title = "<script>alert(1)</script> {{ 7*7 }} %s {0}"
    incident = lifecycle.declare(title=title, severity=3, service=runner, summary=title, by=ana, at=clock.now())
    client.force_login(ana)

    page = page_of(client, incident)

    assert "<script>alert(1)" not in page
    assert "{{ 7*7 }} %s {0}" in page
