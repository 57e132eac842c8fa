"""Acknowledge links: they expire, and opening one acknowledges nothing."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client

from incidents import lifecycle
from portal import clock, due
from portal.notify.contact import ContactMethod
from portal.notify.models import Message

pytestmark = pytest.mark.django_db


@pytest.fixture
def link(opened, ana):
    """The link in the page that Ana got."""
    due.run("paging")
    return re.search(r"/ack/[^/\s]+/", next(m.body for m in mail.outbox if ana.email in m.to))[0]


def test_a_scanner_that_opens_every_link_acknowledges_nothing(link, opened):
    scanner = Client()
    for mailed in list(mail.outbox):
        for found in re.findall(r"https?://[^/\s]+(/\S*)", mailed.body):
            scanner.get(found, follow=True)
            scanner.head(found)
            scanner.options(found)

    opened.refresh_from_db()
    assert (opened.status, opened.acknowledged_by) == ("triage", None)


def test_pressing_the_button_acknowledges_as_whoever_was_paged_without_signing_in(link, opened, ana):
    page = Client(enforce_csrf_checks=True)
    token = re.search(r'csrfmiddlewaretoken" value="([^"]+)', page.get(link).content.decode())[1]

    done = page.post(link, {"csrfmiddlewaretoken": token})

    opened.refresh_from_db()
    assert (opened.status, opened.acknowledged_by) == ("investigating", ana)
    assert "Paging has stopped" in done.content.decode()


def test_pressing_it_late_says_who_has_it(client, link, opened, ben):
    lifecycle.acknowledge(opened.pk, by=ben, at=clock.now())

    assert "Ben already acknowledged" in client.post(link).content.decode()


def test_a_tap_on_a_real_page_proves_the_method_it_came_by(client, runner, ana, noon):
    phone = ContactMethod.objects.create(owner=ana, kind="email", address="ana@phone.example", created_at=noon, verified_at=noon)
    lifecycle.declare(title="Down", severity=1, service=runner, summary="", by=ana, at=noon)
    due.run("paging")
    link = re.search(r"/ack/[^/\s]+/", next(m.body for m in mail.outbox if "ana@phone.example" in m.to))[0]

    client.post(link)

    phone.refresh_from_db()
    assert phone.proven_at is not None


def test_a_link_ends_after_a_day_and_with_a_newer_page(client, link, opened, monkeypatch):
    now = __import__("time").time()
    monkeypatch.setattr("django.core.signing.time.time", lambda: now + 24 * 3600 + 60)
    assert client.post(link).status_code == 410
    monkeypatch.undo()

    opened.pages_begun += 1
    opened.save()
    assert client.post(link).status_code == 410
    opened.refresh_from_db()
    assert opened.status == "triage"


@pytest.mark.parametrize("token", ["x", "WzEsMSwwLDFd:1x:y", "%00", "a" * 4000])
def test_a_made_up_link_is_refused(client, token):
    assert client.post(f"/ack/{token}/").status_code in {404, 410}


def test_quiet_hours_pass_a_sev2_on_at_once_and_the_log_says_why(runner, ana, noon, crew):
    from datetime import time

    from portal.notify.contact import QuietHours

    QuietHours.objects.create(owner=ana, starts=time(11), ends=time(14))
    incident = lifecycle.declare(title="Slow", severity=2, service=runner, summary="", by=ana, at=noon)

    pages = Message.objects.filter(about=incident.subject, purpose="page").order_by("pk")

    assert [(page.recipient.name, page.state) for page in pages] == [("Ana", "suppressed"), ("Ana", "suppressed"), ("Ben", "pending")]
    assert "quiet hours hold until 14:00" in pages[0].reason


def test_a_pagerduty_alert_is_acknowledged_and_resolved_with_the_incident(runner, ana, noon, monkeypatch):
    from portal.notify import channels

    class Provider:
        label = "PagerDuty"
        sent = []

        def send(self, message):
            self.sent.append((message.purpose, message.subject))
            return "key"

    monkeypatch.setitem(channels.CHANNELS, "pagerduty", Provider())
    ContactMethod.objects.create(owner=ana, kind="pagerduty", address="R" * 32, created_at=noon, verified_at=noon)
    incident = lifecycle.declare(title="Down", severity=1, service=runner, summary="", by=ana, at=noon)
    due.run("paging")
    lifecycle.acknowledge(incident.pk, by=ana, at=noon + timedelta(minutes=1))
    lifecycle.resolve(incident.pk, by=ana, at=noon + timedelta(minutes=9))
    due.run("paging")

    assert [what for what in Provider.sent if what[0] == "carry"] == [("carry", "acknowledge"), ("carry", "resolve")]
