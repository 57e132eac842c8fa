"""Contact methods: verified by a tap, used in their person's order, and one that fails hands on to the next."""

from __future__ import annotations

import re
from datetime import time, timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from portal import clock, due
from portal.errors import Invalid, NotAllowed
from portal.notify import channels, methods, outbox, reach
from portal.notify.channels import ChannelError
from portal.notify.contact import ContactMethod, OwnRule, QuietHours
from portal.notify.models import Message

pytestmark = pytest.mark.django_db


def method(owner, at, kind="email", address="ana@phone.example", *, position=0, verified=True):
    return ContactMethod.objects.create(
        owner=owner,
        kind=kind,
        address=address,
        position=position,
        created_at=at,
        verified_at=at if verified else None,
        proven_at=at if verified else None,
    )


def test_without_a_method_the_accounts_own_mail_is_used(ana, noon):
    assert reach.ways(ana, severity=1, at=noon).methods == [None]


def test_a_method_that_nobody_tapped_is_not_used(ana, noon):
    method(ana, noon, verified=False)

    assert reach.ways(ana, severity=1, at=noon).methods == [None]


def test_first_second_and_all_follow_the_persons_order(ana, noon):
    push, chat = method(ana, noon, "ntfy", position=1), method(ana, noon, "slack", position=2)

    assert [reach.ways(ana, severity=1, at=noon, by=by).methods for by in ("first", "second", "all")] == [[push], [chat], [push, chat]]


def test_own_rules_by_severity_and_hour_come_before_the_order(ana, noon):
    push, chat = method(ana, noon, "ntfy", position=1), method(ana, noon, "slack", position=2)
    OwnRule.objects.create(owner=ana, method=chat, severity=2, starts=time(9), ends=time(18))

    assert reach.ways(ana, severity=2, at=noon).methods == [chat]
    assert reach.ways(ana, severity=1, at=noon).methods == [push]
    assert reach.ways(ana, severity=2, at=noon + timedelta(hours=8)).methods == [push]


def test_quiet_hours_hold_for_all_but_sev1_in_the_persons_own_zone(ana, noon):
    ana.time_zone = "Asia/Tokyo"  # noon UTC is 21:00 there
    QuietHours.objects.create(owner=ana, starts=time(20), ends=time(7))

    assert reach.ways(ana, severity=2, at=noon).quiet_until == noon + timedelta(hours=10)
    assert reach.ways(ana, severity=1, at=noon).quiet_until is None


def test_adding_sends_a_test_page_and_only_pressing_its_button_verifies(client, ana):
    client.force_login(ana)
    client.post(reverse("method-add"), {"kind": "email", "address": "ana@phone.example", "label": "phone"})
    due.run("paging")
    link = re.search(r"/t/[^/\s]+/", mail.outbox[0].body)[0]
    scanner = Client()

    assert mail.outbox[0].to == ["ana@phone.example"]
    assert scanner.get(link).status_code == 200 and scanner.head(link).status_code == 200
    assert ContactMethod.objects.get().verified_at is None
    assert "It reached you" in scanner.post(link).content.decode()
    assert ContactMethod.objects.get().proven_at is not None


def test_a_test_link_ends_after_a_day(client, ana, monkeypatch):
    token = methods._token(ana, None)
    now = __import__("time").time()
    monkeypatch.setattr("django.core.signing.time.time", lambda: now + 24 * 3600 + 60)

    refused = client.post(f"/t/{token}/")

    assert refused.status_code == 410
    assert "Send yourself a new test page" in refused.content.decode()


@pytest.mark.parametrize(
    ("kind", "address", "says"),
    [
        ("email", "not an address", "e-mail address"),
        ("slack", "http://chat.example.org/x", "https://"),
        ("slack", "https://user:pw@chat.example.org/x", "no user"),
        ("ntfy", "ntfy.example.org/topic", "https://"),
        ("pagerduty", "short", "routing key"),
    ],
)
def test_an_address_that_does_not_fit_says_what_to_write(ana, noon, kind, address, says):
    with pytest.raises(Invalid, match=says):
        methods.add(ana, kind=kind, label="", address=address, at=noon)


def test_apprise_addresses_are_for_administrators(ana, noon):
    with pytest.raises(NotAllowed):
        methods.add(ana, kind="apprise", label="", address="json://localhost", at=noon)


def test_a_refused_form_keeps_what_was_typed(client, ana):
    client.force_login(ana)

    page = client.post(reverse("method-add"), {"kind": "slack", "address": "ftp://x", "label": "my chat"})

    assert page.status_code == 422
    assert "my chat" in page.content.decode() and "https://" in page.content.decode()


def test_a_webhook_gets_a_secret_that_is_shown_once(client, ana):
    client.force_login(ana)

    page = client.post(reverse("method-add"), {"kind": "webhook", "address": "https://hooks.example.org/ana", "label": "desk lamp"})

    made = ContactMethod.objects.get().secret
    assert page.status_code == 200 and made.startswith("whsec_")
    assert made in page.content.decode() and made not in client.get(reverse("profile")).content.decode()


def test_a_secret_that_cannot_sign_is_refused_with_what_to_do(client, ana):
    client.force_login(ana)

    page = client.post(reverse("method-add"), {"kind": "webhook", "address": "https://hooks.example.org/ana", "secret": "short"})

    assert page.status_code == 422 and "Leave it empty and one is made" in page.content.decode()


def test_test_pages_are_slowed_down_and_say_when_to_come_back(client, ana):
    client.force_login(ana)

    answers = [client.post(reverse("method-test", args=[0])) for _ in range(11)]

    assert [answer.status_code for answer in answers] == [302] * 10 + [429]
    assert answers[-1]["Retry-After"] == "60"


def test_nobody_touches_anothers_method(client, ana, ben, noon):
    mine = method(ben, noon)
    client.force_login(ana)

    assert [client.post(reverse(f"method-{verb}", args=[mine.pk])).status_code for verb in ("test", "remove", "first")] == [404] * 3


class Pigeon:
    label = "pigeon"

    def __init__(self, trouble=None):
        self.trouble, self.taken = trouble, []

    def send(self, message):
        if self.trouble:
            raise self.trouble
        self.taken.append(message.method_id)
        return "ref"


def test_a_method_that_gives_up_hands_on_to_the_next_of_its_chain_and_in_the_end_to_the_accounts_mail(ana, noon, monkeypatch):
    monkeypatch.setitem(channels.CHANNELS, "ntfy", Pigeon(ChannelError("gone", permanent=True)))
    monkeypatch.setitem(channels.CHANNELS, "slack", Pigeon(ChannelError("gone", permanent=True)))
    push, chat = method(ana, noon, "ntfy", position=1), method(ana, noon, "slack", position=2)
    left = []
    monkeypatch.setitem(outbox.gave_up._things, "page", lambda message, at: reach.next_way(message, at) or left.append(message))
    outbox.queue(ana, channel="ntfy", method=push, purpose="page", subject="Down", body="b", dedup_key="c:1", chain="c", at=noon)

    due.run("paging")

    assert [message.method for message in Message.objects.order_by("pk")] == [push, chat, None]
    assert [message.state for message in Message.objects.order_by("pk")] == ["exhausted", "exhausted", "sent"]
    assert left == []
    push.refresh_from_db()
    assert (push.trouble, push.failing_since is not None) == ("gone", True)


def test_the_log_shows_every_attempt_and_why_nothing_was_sent(client, ana, noon):
    outbox.queue(ana, channel="email", purpose="notice", subject="Told", body="b", dedup_key="1", at=noon)
    outbox.not_sent(ana, subject="Not told", reason="Ana's quiet hours hold until 07:00", dedup_key="2", at=noon)
    due.run("paging")
    client.force_login(ana)

    page = client.get(reverse("message-log")).content.decode()

    assert "handed over" in page and "Ana&#x27;s quiet hours hold until 07:00" in page


def test_the_log_of_somebody_else_is_for_administrators(client, ana, ben, admin_user):
    client.force_login(ana)
    assert client.get(reverse("message-log-of", args=[ben.pk])).status_code == 404
    client.force_login(admin_user)
    assert client.get(reverse("message-log-of", args=[ben.pk])).status_code == 200


def test_a_test_page_asked_for_twice_in_a_minute_is_sent_once(ana):
    now = clock.now().replace(second=1)

    assert methods.send_test(ana, None, at=now).pk == methods.send_test(ana, None, at=now + timedelta(seconds=30)).pk
