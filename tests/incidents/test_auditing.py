"""The pager watches itself: a stalled escalation is found and goes on; the heartbeat goes out only while all is well."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents import auditing, lifecycle, timeline
from incidents.models import Incident
from incidents.paging import ESCALATE
from portal import due, outbound, probe
from portal.models import Due, Heartbeat

pytestmark = pytest.mark.django_db


def test_an_incident_whose_next_step_was_lost_is_found_said_and_goes_on(opened, noon):
    Due.objects.filter(kind=ESCALATE).delete()

    found = auditing.audit(noon + timedelta(seconds=30))

    assert found == [f"{opened.reference} was not escalated: its next step was missing and is taken now."]
    assert Due.objects.get(kind=ESCALATE).due_at == noon + timedelta(seconds=30)
    assert timeline.story(opened).filter(data__audit=True).count() == 1


def test_an_incident_that_escalates_or_was_acknowledged_is_no_finding(opened, ana, noon):
    assert auditing.audit(noon + timedelta(seconds=30)) == []
    lifecycle.acknowledge(opened.pk, by=ana, at=noon)
    assert auditing.audit(noon + timedelta(seconds=30)) == []


def test_an_exhausted_escalation_stays_a_finding_until_somebody_acknowledges(opened, ana, noon):
    Incident.objects.filter(pk=opened.pk).update(paging_begun_at=None)
    Due.objects.filter(kind=ESCALATE).delete()

    assert auditing.audit(noon) == ["1 incidents were paged to everybody and nobody acknowledged."]
    lifecycle.acknowledge(opened.pk, by=ana, at=noon)
    assert auditing.audit(noon) == []


def test_a_row_that_nobody_took_for_a_minute_is_late(noon):
    due.put(probe.PROBE, "main", at=noon)

    assert probe.late_rows(noon + timedelta(seconds=59)) == []
    assert probe.late_rows(noon + timedelta(seconds=61)) == ["1 due rows are late by more than a minute."]


@pytest.fixture
def elsewhere(monkeypatch, settings):
    """A named fake of whoever hears the heartbeat."""
    settings.HEARTBEAT_URL = "https://heartbeat.example.org/x"
    heard = []

    def fetch(method, url, **more):
        heard.append(url)
        return outbound.Answer(200, {}, b"", 0.1)

    monkeypatch.setattr(outbound, "fetch", fetch)
    return heard


def test_the_heartbeat_goes_out_when_a_row_travelled_and_the_audit_passed(elsewhere, db):
    from portal import clock

    probe.begin(clock.now())
    due.run("paging")

    assert elsewhere == ["https://heartbeat.example.org/x"]
    assert set(Heartbeat.objects.values_list("name", flat=True)) == {probe.PROBE, probe.TAKEN}
    assert Due.objects.filter(kind=probe.PROBE).count() == 1  # the next one


def test_no_heartbeat_while_the_audit_finds_something(elsewhere, opened):
    from portal import clock

    Due.objects.all().delete()
    probe.begin(clock.now())
    due.run("paging", limit=1)

    assert elsewhere == []


def test_the_audit_of_many_incidents_asks_two_queries(opened, noon, django_assert_num_queries):
    Incident.objects.bulk_create(Incident(title=f"I{n}", severity=1, status="investigating", opened_at=noon) for n in range(200))

    with django_assert_num_queries(2):
        auditing.audit(noon)
