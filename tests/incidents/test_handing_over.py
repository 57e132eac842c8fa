"""What a hand-off knows of silences and of runbooks that were used."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents import handing_over
from incidents.alerts import asking
from incidents.models import Source
from oncall.handoffs import Subject
from oncall.models import Rotation, Service, Team
from runbooks import handing_over as of_runbooks
from runbooks.models import Following, Runbook

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def shift(noon):
    """The last twelve hours of Crew's shift, handed over in an hour."""
    team = Team.objects.create(name="Crew", slug="crew", is_default=True)
    rotation = Rotation(team=team, name="Crew primary")
    return Subject(rotation, team, noon - 12 * HOUR, noon + HOUR, noon, None)


def silence(at, **fields):
    raw = {"id": "s1", "createdBy": "Ben", "comment": "disk is being replaced", "endsAt": at.isoformat(), "status": {"state": "active"}}
    matchers = [{"name": "service", "value": "redis", "isRegex": False, "isEqual": True}, {"name": "instance", "value": "a.*", "isRegex": True}]
    return asking._silence({**raw, "matchers": matchers, **fields}, "http://am:9093/").as_json()


def test_a_silence_that_ends_within_a_day_is_named_with_what_it_hides(shift, noon):
    kept = [silence(noon + 26 * HOUR), silence(noon + 9 * HOUR), silence(noon - HOUR)]
    Source.objects.create(name="main", created_at=noon, silences=kept)

    [line] = handing_over.ending_silences(shift)

    assert line.what == 'service="redis", instance=~"a.*"'
    assert line.why == "ends 03 Mar 21:00 UTC, set by Ben: disk is being replaced"
    assert line.url == "http://am:9093/#/silences/s1"


def test_a_silence_of_another_teams_service_is_left_to_that_team(shift, noon):
    other = Team.objects.create(name="Data", slug="data")
    Service.objects.create(name="redis", slug="redis", team=other)
    Source.objects.create(name="main", created_at=noon, silences=[silence(noon + HOUR)])

    assert handing_over.ending_silences(shift) == []


def test_stale_runbooks_that_the_shift_used_are_named_the_worst_first(shift, noon):
    def runbook(title, state, used=True):
        made = Runbook.objects.create(
            title=title, slug=title.lower(), team=shift.team, state=state, created_at=noon - 90 * HOUR, updated_at=noon - 90 * HOUR
        )
        if used:
            Following.objects.create(runbook=made, about="incident:1", version=1, begun_at=noon - HOUR)

    runbook("Queue", "stale")
    runbook("Broken", "broken")
    runbook("Fresh", "fresh")
    runbook("Unused", "stale", used=False)

    lines = of_runbooks.doubtful(shift)

    assert [(line.what, line.why) for line in lines] == [("Broken", "broken, never proven"), ("Queue", "stale, never proven")]
