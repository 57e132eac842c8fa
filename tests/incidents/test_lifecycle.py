"""Statuses move in one place: forward freely, back with a reason, never over somebody who was faster."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from incidents import lifecycle, timeline
from incidents.models import Incident
from incidents.models.incident import Status
from portal.errors import DomainError, Invalid

pytestmark = pytest.mark.django_db


def milestone(incident, name):
    return incident.milestones.get(name=name)


def test_acknowledging_is_one_tap_into_investigating(opened, ana, noon):
    incident = lifecycle.acknowledge(opened.pk, by=ana, at=noon + timedelta(minutes=2))

    assert (incident.status, incident.acknowledged_by) == (Status.INVESTIGATING, ana)
    assert milestone(incident, "acknowledged").at == noon + timedelta(minutes=2)


def test_the_second_to_acknowledge_is_told_who_was_faster(opened, ana, ben, noon):
    lifecycle.acknowledge(opened.pk, by=ana, at=noon)

    with pytest.raises(lifecycle.AlreadyMoved, match="Ana already acknowledged INC-.* at 12:00 UTC"):
        lifecycle.acknowledge(opened.pk, by=ben, at=noon)


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_acknowledge_at_once_one_wins(opened, ana, ben, noon):
    start, outcomes = threading.Barrier(8), []

    def tap(user):
        start.wait()
        try:
            lifecycle.acknowledge(opened.pk, by=user, at=noon)
            outcomes.append("won")
        except lifecycle.AlreadyMoved:
            outcomes.append("told")
        connection.close()

    threads = [threading.Thread(target=tap, args=(user,)) for user in [ana, ben] * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["told"] * 7 + ["won"]
    assert timeline.story(opened).filter(kind="ack").count() == 1


def test_forward_may_skip_and_fills_the_milestone(opened, ana, noon):
    incident = lifecycle.move(opened.pk, Status.MITIGATED, by=ana, at=noon + timedelta(minutes=9))

    assert milestone(incident, "mitigated").at == noon + timedelta(minutes=9)
    assert incident.acknowledged_by == ana


def test_an_edited_milestone_is_not_overwritten(opened, ana, noon):
    lifecycle.move(opened.pk, Status.MITIGATED, by=ana, at=noon)
    opened.milestones.filter(name="mitigated").update(at=noon - timedelta(minutes=3), edited=True)
    lifecycle.move(opened.pk, Status.INVESTIGATING, by=ana, at=noon, reason="errors are back at 4 %")

    lifecycle.move(opened.pk, Status.MITIGATED, by=ana, at=noon + timedelta(hours=1))

    assert milestone(opened, "mitigated").at == noon - timedelta(minutes=3)


def test_going_back_needs_a_reason(opened, ana, noon):
    lifecycle.resolve(opened.pk, by=ana, at=noon)

    with pytest.raises(Invalid, match="at least 10 characters"):
        lifecycle.move(opened.pk, Status.INVESTIGATING, by=ana, at=noon, reason="again")
    incident = lifecycle.move(opened.pk, Status.INVESTIGATING, by=ana, at=noon, reason="errors are back at 4 %")

    assert incident.resolved_at is None


def test_a_move_on_top_of_what_somebody_else_moved_is_refused(opened, ana, ben, noon):
    lifecycle.move(opened.pk, Status.IDENTIFIED, by=ana, at=noon)

    with pytest.raises(lifecycle.AlreadyMoved, match="already moved to identified by Ana at 12:00 UTC"):
        lifecycle.move(opened.pk, Status.RESOLVED, by=ben, at=noon, expected="triage")


def test_what_is_not_resolved_cannot_be_closed(opened, ana, noon):
    with pytest.raises(DomainError, match="can be closed once it is resolved"):
        lifecycle.move(opened.pk, Status.CLOSED, by=ana, at=noon)


def test_a_lower_severity_needs_a_reason_and_a_higher_one_none(opened, ana, noon):
    with pytest.raises(Invalid):
        lifecycle.set_severity(opened.pk, 3, by=ana, at=noon)
    assert lifecycle.set_severity(opened.pk, 3, by=ana, at=noon, reason="one tenant only, 2 %").severity == 3
    assert lifecycle.set_severity(opened.pk, 1, by=ana, at=noon).severity == 1


def test_a_note_is_rendered_and_made_harmless(opened, ana, noon):
    entry = lifecycle.note(opened.pk, "**Rolled back** <script>alert(1)</script>", by=ana, at=noon)

    assert "<strong>Rolled back</strong>" in entry.body_html
    assert "<script" not in entry.body_html


def test_the_database_too_wants_a_time_for_resolved(opened):
    with pytest.raises(IntegrityError), transaction.atomic():
        Incident.objects.filter(pk=opened.pk).update(status="resolved")


def test_cancelling_takes_no_more_alerts_and_pages_nobody(opened, ana, noon):
    incident = lifecycle.cancel(opened.pk, by=ana, at=noon, reason="a test of the pager")

    assert (incident.status, incident.takes_alerts) == (Status.CANCELLED, False)
