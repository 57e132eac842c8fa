"""What alerts leave behind is kept for a time; the story of an incident is kept for ever."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from incidents import lifecycle, panels
from incidents.models import Delivery, Incident, Source
from portal import clock, retention
from portal.models import Entry

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def source(noon):
    return Source.objects.create(name="main", created_at=noon)


def delivery(source, at, state="applied"):
    return Delivery.objects.create(source=source, body=b"x", length=1, sha256="0" * 64, received_at=at, state=state)


def test_the_ledger_keeps_thirty_days_and_what_is_not_worked_off(source, noon):
    young = delivery(source, noon - 30 * DAY)
    waiting = delivery(source, noon - 90 * DAY, state="received")
    delivery(source, noon - 30 * DAY - timedelta(seconds=1))

    assert retention.purge(noon, only="ledger") == {"ledger": 1}
    assert set(Delivery.objects.all()) == {young, waiting}


def test_a_purge_takes_small_steps(source, noon):
    for _ in range(7):
        delivery(source, noon - 40 * DAY)

    assert retention.purge(noon, only="ledger", batch=3) == {"ledger": 7}


def test_a_dry_run_says_what_would_go_and_changes_nothing(source):
    delivery(source, clock.now() - 31 * DAY)
    out = StringIO()

    call_command("purge", "--dry-run", stdout=out)

    line = next(line for line in out.getvalue().splitlines() if line.startswith("ledger"))
    assert line.split()[:6] == ["ledger", "kept", "30", "days", "1", "would"]
    assert Delivery.objects.count() == 1


def test_the_story_of_an_incident_stays_whole_however_old(ana, noon):
    incident = lifecycle.declare(title="Old", severity=3, service=None, summary="", by=ana, at=noon - 4000 * DAY)
    entries = Entry.objects.filter(subject=incident.subject).count()

    retention.purge(noon)

    assert Entry.objects.filter(subject=incident.subject).count() == entries > 0


def test_strangers_on_the_sign_in_page_see_a_number_and_no_restricted_incident(client, ana, noon):
    for title in ("Queue full", "Secret"):
        lifecycle.declare(title=title, severity=2, service=None, summary="", by=ana, at=noon)
    Incident.objects.filter(title="Secret").update(is_restricted=True)

    html = client.get("/accounts/login/").content.decode()

    assert "1 incident open." in html
    assert "Queue full" not in html
    assert panels.open_outside(noon).number == 1
