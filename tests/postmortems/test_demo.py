"""The demo plays its story by the real verbs, the same each time, tells nobody, and keeps away from real incidents."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from incidents import lifecycle
from incidents.models import Incident, Update
from incidents.models.alert import Delivery
from oncall.models import Handoff
from portal import clock
from portal.accounts.models import User
from portal.models import Entry, Hold
from portal.notify.models import Message
from postmortems import demo
from postmortems.models import ActionItem, Postmortem
from runbooks.models import DiagnosticRun

pytestmark = pytest.mark.django_db(transaction=True)


def told(now: datetime) -> list[tuple]:
    """The whole journal, by how long before `now` each thing happened."""
    return [
        (subject, kind, now - at, text, body)
        for subject, kind, at, text, body in Entry.objects.order_by("at", "pk").values_list("subject", "kind", "at", "text", "body")
    ]


@pytest.fixture
def played():
    now = clock.now().replace(microsecond=0)
    demo.play(now)
    return now


def test_every_page_has_something_to_look_at(played):
    statuses = set(Incident.objects.values_list("status", flat=True))
    assert {"triage", "identified", "resolved", "cancelled", "merged"} <= statuses
    assert set(Postmortem.objects.values_list("status", flat=True)) == {"published", "in_review", "draft"}
    assert ActionItem.objects.overdue(played).exists()
    assert ActionItem.objects.filter(status="done").exclude(evidence="").exists()
    assert Delivery.objects.filter(state="applied").count() == Delivery.objects.count() >= 8
    assert Incident.objects.filter(acknowledged_at=None, status="triage").count() == 1

    assert Update.objects.filter(on_status_page=True).exclude(approved_at=None).count() == Update.objects.count() == 4
    assert DiagnosticRun.objects.filter(state="done", diagnostic="recent-deploys", origin="person").count() == 2
    assert set(Handoff.objects.filter(at__lt=played).values_list("state", flat=True)) == {"accepted"}

    client = Client()
    client.force_login(User.objects.get(email="mara@demo.invalid"))
    for name in ("home", "incident-list", "alert-list", "runbook-list", "oncall", "postmortem-list", "action-list", "decision-list", "first-steps"):
        assert client.get(reverse(name)).status_code == 200, name
    for incident in Incident.objects.all():
        assert client.get(reverse("incident-detail", args=[incident.pk])).status_code == 200


def test_what_happened_weeks_ago_says_so(played):
    first = Incident.objects.earliest("opened_at")

    assert timedelta(days=22) < played - first.opened_at < timedelta(days=27)
    assert Postmortem.objects.get(incident=first).published_at - first.resolved_at < timedelta(hours=48)
    assert clock.now() >= played  # the clock goes on afterwards


def test_nothing_left_the_house_and_sending_is_on_again(played):
    assert mail.outbox == []
    assert not Hold.objects.exists()
    assert Message.objects.filter(purpose="page", state="sent").exists()  # in the story they were handed over


@pytest.mark.slow
def test_it_is_the_same_story_each_time(played):
    before = told(played)
    call_command("flush", "--noinput", verbosity=0)
    demo.play(played)

    after = told(played)
    assert len(before) > 60
    assert [line for line in before if line not in after] == []


@pytest.mark.slow
def test_it_keeps_away_from_incidents_that_are_there_unless_told(ana, noon):
    real = lifecycle.declare(title="A real one", severity=2, service=None, summary="", by=ana, at=noon)

    with pytest.raises(CommandError, match="has 1 incidents already.*--force"):
        call_command("demo")

    assert list(Incident.objects.all()) == [real]
    call_command("demo", "--force", stdout=(out := StringIO()))
    assert Incident.objects.count() > 5
    assert "standby demo" in out.getvalue()


@pytest.mark.slow
def test_it_is_not_played_twice(played):
    with pytest.raises(CommandError, match="played here already"):
        call_command("demo", "--force")
