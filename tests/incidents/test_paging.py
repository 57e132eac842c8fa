"""Get a human: the first page, then the ladder, until somebody acknowledges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from incidents import lifecycle, paging, timeline
from incidents.models.incident import Status
from oncall.models import Rotation, Team
from portal import due
from portal.notify import channels
from portal.notify.channels import ChannelError
from portal.notify.models import Message
from tests.conftest import person
from tests.incidents.conftest import at_time, escalation_rows

pytestmark = pytest.mark.django_db


def paged():
    return [m.recipient.name for m in Message.objects.filter(purpose="page").order_by("pk").select_related("recipient")]


def told(incident, kind):
    return [entry.text for entry in timeline.story(incident).filter(kind=kind)]


def test_a_sev1_pages_the_primary_at_once_and_plans_the_next_step(opened, noon):
    assert paged() == ["Ana"]
    assert escalation_rows() == [noon + timedelta(minutes=5)]


def test_nobody_acknowledging_climbs_the_ladder_at_its_times(opened, noon, monkeypatch):
    for minute in (5, 15, 25):
        at_time(noon + timedelta(minutes=minute), monkeypatch)

    assert paged() == ["Ana", "Ana", "Ben", "Lea"]
    assert len(mail.outbox) == 4


def test_three_rounds_and_then_the_exhausted_escalation_is_said(opened, noon, monkeypatch):
    for minute in range(0, 120, 5):
        at_time(noon + timedelta(minutes=minute), monkeypatch)

    assert len(paged()) == 12
    assert told(opened, "page_failed") == ["The escalation is exhausted: everybody was paged, nobody acknowledged"]


def test_acknowledging_stops_the_ladder(opened, ana, noon, monkeypatch):
    at_time(noon, monkeypatch)
    lifecycle.acknowledge(opened.pk, by=ana, at=noon + timedelta(minutes=1))

    at_time(noon + timedelta(hours=2), monkeypatch)

    assert paged() == ["Ana"]
    assert escalation_rows() == []


def test_a_page_that_waits_is_cancelled_by_the_acknowledgement(opened, ana, noon):
    lifecycle.acknowledge(opened.pk, by=ana, at=noon)

    due.run("paging")

    assert [sent.subject for sent in mail.outbox if sent.subject.startswith("[SEV")] == []
    assert Message.objects.get(purpose=Message.Purpose.PAGE).state == Message.State.CANCELLED


def test_a_page_that_no_channel_takes_goes_to_the_next_person_at_once(opened, noon, monkeypatch):
    class Broken:
        label = "e-mail"

        def send(self, message):
            raise ChannelError("no such user", permanent=True, code="550")

    monkeypatch.setitem(channels.CHANNELS, "email", Broken())

    at_time(noon, monkeypatch)

    assert paged() == ["Ana", "Ana", "Ben", "Lea"] * 3
    assert "No e-mail reached Ana: no such user" in told(opened, "page_failed")


def test_a_hole_in_the_rota_is_noted_and_the_incident_still_opens(runner, ana, noon):
    Rotation.objects.get(lane="primary").turns.all().delete()

    incident = lifecycle.declare(title="Agents do not answer", severity=1, service=runner, summary="", by=ana, at=noon)

    assert incident.status == Status.TRIAGE
    assert told(incident, "page_failed") == ["Nobody is on call: “Crew primary” has no people. Passed on to the next step."]
    assert paged() == ["Ben"]


def test_where_nobody_at_all_can_be_paged_it_is_said_once_and_tried_again(ana, noon, monkeypatch):
    empty = Team.objects.create(name="Empty", slug="empty", is_default=True)

    incident = lifecycle.declare(title="Agents do not answer", severity=1, service=None, summary="", by=ana, at=noon)
    at_time(noon + timedelta(minutes=5), monkeypatch)
    rotation = Rotation.objects.create(team=empty, name="New", begins_on=noon.date() - timedelta(days=1))
    rotation.turns.create(person=ana)
    at_time(noon + timedelta(minutes=10), monkeypatch)

    assert paged() == ["Ana"]
    assert len([text for text in told(incident, "page_failed") if text.startswith("Nobody could be paged")]) == 1


def test_a_sev2_at_night_is_a_notice_now_and_a_page_at_opening(runner, ana, monkeypatch):
    night = datetime(2026, 3, 3, 3, 0, tzinfo=UTC)

    lifecycle.declare(title="Slow answers", severity=2, service=runner, summary="", by=ana, at=night)

    assert paged() == []
    assert Message.objects.get().purpose == "notice"
    at_time(datetime(2026, 3, 3, 9, 0, tzinfo=UTC), monkeypatch)
    assert paged() == ["Ana"]


def test_a_sev3_tells_the_team_and_pages_nobody(runner, ana, noon):
    lifecycle.declare(title="A typo in a prompt", severity=3, service=runner, summary="", by=ana, at=noon)

    assert paged() == []
    assert sorted(m.recipient.name for m in Message.objects.all()) == ["Ana", "Ben", "Lea"]
    assert escalation_rows() == []


def test_a_sev4_reaches_nobody(runner, ana, noon):
    lifecycle.declare(title="A question", severity=4, service=runner, summary="", by=ana, at=noon)

    assert not Message.objects.exists()


def test_a_raised_severity_pages_while_nobody_has_it(runner, noon):
    incident = lifecycle.declare(title="Slow", severity=3, service=runner, summary="", by=person("Eve"), at=noon)

    lifecycle.raise_severity(incident, 1, at=noon, why="AgentCompleteOutage is critical")

    assert paged() == ["Ana"]
    assert told(incident, "severity") == ["SEV3 → SEV1: AgentCompleteOutage is critical"]


def test_the_page_says_what_is_wrong_where_to_go_and_who_is_next(opened, noon, monkeypatch):
    at_time(noon, monkeypatch)

    [page] = mail.outbox
    assert page.subject == f"[SEV1] Agents do not answer (INC-{opened.pk})"
    assert f"/incidents/{opened.pk}/" in page.body
    assert "the primary is paged at 12:05 UTC" in page.body


def test_the_ladder_shows_who_is_next(opened, noon):
    shown = [(step.at - noon, [user.name for user in reached.people]) for step, reached in paging.ladder(opened)]

    assert shown == [(timedelta(minutes=5), ["Ana"]), (timedelta(minutes=15), ["Ben"]), (timedelta(minutes=25), ["Lea"])]


def test_an_incident_that_went_quiet_stops_escalating_and_says_so(opened, noon, monkeypatch):
    opened.refresh_from_db()
    lifecycle.set_quiet(opened, noon + timedelta(minutes=1), at=noon + timedelta(minutes=1))

    at_time(noon + timedelta(minutes=5), monkeypatch)

    assert paged() == ["Ana"]
    assert told(opened, "page_failed") == ["Quiet and nobody looked: the escalation stops here"]
