"""Two incidents that are one: merged, followed by their alerts, and split out again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents import lifecycle, merging, timeline
from incidents.models import Episode, Incident
from incidents.models.incident import Status
from portal.errors import Invalid
from tests.conftest import person
from tests.incidents.alerting import alert, crafted

pytestmark = pytest.mark.django_db


def declared(runner, noon, title, severity=3):
    return lifecycle.declare(title=title, severity=severity, service=runner, summary="", by=person(title), at=noon)


@pytest.fixture
def two(sender, noon):
    """One incident of each of two alerts."""
    sender.deliver(crafted(alert("Slow", at=noon)), noon)
    sender.deliver(crafted(alert("Broken", at=noon)), noon)
    return Incident.objects.get(title__contains="Slow"), Incident.objects.get(title__contains="Broken")


def test_a_merged_incident_brings_its_alerts_and_its_story(two, ana, noon):
    slow, broken = two

    merged = merging.merge(slow.pk, broken.pk, by=ana, at=noon, reason="same deployment")

    assert (merged.status, merged.merged_into) == (Status.MERGED, broken)
    assert set(broken.episodes.values_list("alert__name", flat=True)) == {"Slow", "Broken"}
    assert any(entry.subject == slow.subject for entry in timeline.story(broken))


def test_later_alerts_of_the_merged_one_go_to_its_home(two, sender, ana, noon):
    slow, broken = two
    merging.merge(slow.pk, broken.pk, by=ana, at=noon)

    sender.deliver(crafted(alert("Slow", at=noon + timedelta(minutes=1), instance="b")), noon + timedelta(minutes=1))

    assert Incident.objects.count() == 2
    assert broken.episodes.count() == 3


def test_once_its_home_is_long_resolved_its_alert_opens_a_new_incident(two, sender, ana, noon):
    slow, broken = two
    merging.merge(slow.pk, broken.pk, by=ana, at=noon)
    lifecycle.resolve(broken.pk, by=ana, at=noon)

    sender.deliver(crafted(alert("Slow", at=noon + timedelta(hours=2), instance="b")), noon + timedelta(hours=2))

    assert Incident.objects.get(takes_alerts=True, title__contains="Slow").happened_before == broken


def test_splitting_gives_back_its_status_and_its_alerts(two, sender, ana, noon):
    slow, broken = two
    lifecycle.move(slow.pk, Status.IDENTIFIED, by=ana, at=noon)
    merging.merge(slow.pk, broken.pk, by=ana, at=noon)
    sender.deliver(crafted(alert("Slow", at=noon + timedelta(minutes=1), instance="b")), noon + timedelta(minutes=1))

    own = merging.split(slow.pk, by=ana, at=noon + timedelta(minutes=2), reason="another cause after all")

    assert (own.status, own.merged_into) == (Status.IDENTIFIED, None)
    assert (own.episodes.count(), broken.episodes.count()) == (2, 1)


def test_what_was_merged_before_goes_along(runner, ana, noon):
    first, second, third = (declared(runner, noon, title) for title in ("First", "Second", "Third"))
    merging.merge(first.pk, second.pk, by=ana, at=noon)

    merging.merge(second.pk, third.pk, by=ana, at=noon)

    first.refresh_from_db()
    assert first.merged_into == third


def test_the_home_takes_the_worse_severity(runner, ana, noon):
    bad, mild = declared(runner, noon, "Bad", severity=1), declared(runner, noon, "Mild")

    merging.merge(bad.pk, mild.pk, by=ana, at=noon)

    mild.refresh_from_db()
    assert mild.severity == 1


def test_a_restricted_story_is_not_merged_into_an_open_one(runner, ana, noon):
    secret, plain = declared(runner, noon, "Secret"), declared(runner, noon, "Plain")
    Incident.objects.filter(pk=secret.pk).update(is_restricted=True)

    with pytest.raises(Invalid, match="restricted"):
        merging.merge(secret.pk, plain.pk, by=ana, at=noon)


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CANCELLED])
def test_nothing_is_merged_into_what_is_over(runner, ana, noon, status):
    first, over = declared(runner, noon, "First"), declared(runner, noon, "Over")
    if status == Status.RESOLVED:
        lifecycle.resolve(over.pk, by=ana, at=noon)
    else:
        lifecycle.cancel(over.pk, by=ana, at=noon, reason="nothing was wrong")

    with pytest.raises(lifecycle.WrongStatus, match="choose an open incident"):
        merging.merge(first.pk, over.pk, by=ana, at=noon)


def test_merging_into_itself_is_refused(opened, ana, noon):
    with pytest.raises(Invalid):
        merging.merge(opened.pk, opened.pk, by=ana, at=noon)


def test_a_merged_incident_pages_nobody_and_a_split_one_in_triage_does(runner, ana, noon):
    from tests.incidents.conftest import escalation_rows

    bad, other = declared(runner, noon, "Bad", severity=1), declared(runner, noon, "Other", severity=4)
    lifecycle.acknowledge(other.pk, by=ana, at=noon)
    merging.merge(bad.pk, other.pk, by=ana, at=noon)
    assert escalation_rows() == []

    merging.split(bad.pk, by=ana, at=noon, reason="another cause after all")

    assert len(escalation_rows()) == 1
    assert Episode.objects.count() == 0
