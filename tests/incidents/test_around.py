"""Recent changes against the start of an incident."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents import around
from incidents.models import Incident, Milestone
from oncall.models import Service, Team
from portal import clock
from runbooks import changes

pytestmark = pytest.mark.django_db


def told(minutes_ago, title="agent-api", service="agent-api"):
    now = clock.now()
    changes.record(
        title=title, version="1.5.2", key=f"{service}-{minutes_ago}", service=service, at=now - timedelta(minutes=minutes_ago), by=None, now=now
    )


@pytest.fixture
def incident(db):
    """Its impact began half an hour ago."""
    team = Team.objects.create(name="Core", slug="core")
    for slug in ("agent-api", "billing"):
        Service.objects.create(name=slug, slug=slug, team=team)
    now = clock.now()
    found = Incident.objects.create(title="Errors", severity=2, service=Service.objects.get(slug="agent-api"), opened_at=now - timedelta(minutes=25))
    Milestone.objects.create(incident=found, name="impact_started", at=now - timedelta(minutes=30), recorded_at=now)
    return found


def test_each_change_says_how_long_before_or_after_it_was(incident, client, ana):
    for minutes in (10, 44, 300, 3000):
        told(minutes)
    told(50, service="billing")

    found = around.recent(incident, around.began(incident), clock.now())

    assert [(round(one.gap.total_seconds() / 60), one.after, one.suspect) for one in found] == [
        (20, True, False),
        (14, False, True),
        (270, False, False),
    ]
    client.force_login(ana)
    page = client.get(f"/incidents/{incident.pk}/").content.decode()
    assert "14 min before" in page and "20 min after" in page


def test_a_house_without_recorded_changes_is_shown_no_card(incident, client, ana):
    client.force_login(ana)
    assert "h-around" not in client.get(f"/incidents/{incident.pk}/").content.decode()

    told(10, service="billing")
    assert "None is recorded in the day before it began" in client.get(f"/incidents/{incident.pk}/").content.decode()


def test_of_many_changes_the_nearest_are_shown(incident):
    for minutes in range(1, 60, 4):
        told(minutes)

    found = around.recent(incident, around.began(incident), clock.now())

    assert [one.after for one in found] == [True] * around.SINCE + [False] * around.BEFORE
