"""The outbox: asked once, sent at least once, given up only by handing on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from portal import due, journal
from portal.models import Due
from portal.notify import channels, outbox
from portal.notify.channels import ChannelError
from portal.notify.channels.email import clean_header
from portal.notify.models import Attempt, Message

pytestmark = pytest.mark.django_db


class Provider:
    """A fake channel: refuses with what stands in `troubles`, then takes everything."""

    label = "pigeon"

    def __init__(self, *troubles):
        self.troubles, self.taken = list(troubles), []

    def send(self, message):
        if self.troubles:
            raise self.troubles.pop(0)
        self.taken.append(message.pk)
        return f"ref-{message.pk}"


@pytest.fixture
def provider(monkeypatch):
    fake = Provider()
    monkeypatch.setitem(channels.CHANNELS, "pigeon", fake)
    return fake


def page(user, at, *, channel="pigeon", key="page:1", **more):
    return outbox.queue(user, channel=channel, purpose="page", subject="Agents down", body="Look.", dedup_key=key, at=at, about="incident:1", **more)


def test_asking_twice_with_one_key_sends_one_message(ana, noon, provider):
    first, second = page(ana, noon), page(ana, noon)

    due.run("paging")

    assert first.pk == second.pk
    assert provider.taken == [first.pk]


def test_a_sent_message_is_told_in_the_journal_of_its_subject(ana, noon, provider):
    page(ana, noon)

    due.run("paging")

    [entry] = journal.entries("incident:1")
    assert entry.text == "Paged Ana by pigeon: handed over"
    assert Message.objects.get().state == Message.State.SENT


def test_a_worker_killed_between_claim_and_send_delays_the_message_and_does_not_lose_it(ana, noon, provider):
    message = page(ana, noon)
    due.claim("paging", timezone.now())  # and the worker dies here
    Due.objects.update(due_at=timezone.now() - timedelta(seconds=1))

    due.run("paging")

    assert provider.taken == [message.pk]
    assert list(message.attempts.values_list("outcome", flat=True)) == ["unknown", "sent"]


def test_a_passing_trouble_is_tried_again_after_two_seconds(ana, noon, provider):
    provider.troubles = [ChannelError("busy", code="451")]
    message = page(ana, timezone.now())

    due.run("paging")

    row = Due.objects.get(kind=outbox.SEND)
    assert timedelta(seconds=1) < row.due_at - timezone.now() < timedelta(seconds=3)
    assert Message.objects.get(pk=message.pk).state == Message.State.PENDING


@pytest.mark.parametrize(
    "troubles", [[ChannelError("no such user", permanent=True, code="550")], [ChannelError("busy")] * 3], ids=["refused", "three tries"]
)
def test_a_page_given_up_is_handed_on_in_the_same_transaction(ana, provider, monkeypatch, troubles):
    handed_on = []
    monkeypatch.setitem(outbox.gave_up._things, "page", lambda message, at: handed_on.append(message.pk))
    provider.troubles = list(troubles)
    message = page(ana, timezone.now())

    for _ in troubles:
        Due.objects.update(due_at=timezone.now())
        due.run("paging")

    assert handed_on == [message.pk]
    assert Message.objects.get(pk=message.pk).state == Message.State.EXHAUSTED
    assert journal.entries("incident:1").get().kind == "page_failed"


def test_a_cancelled_message_is_not_sent(ana, noon, provider):
    page(ana, noon)

    outbox.cancel("incident:1", purpose="page", why="acknowledged")
    due.run("paging")

    assert provider.taken == []
    assert Message.objects.get().state == Message.State.CANCELLED


def test_a_message_cancelled_in_flight_is_noted_as_handed_over_too_late(ana, noon, provider, monkeypatch):
    message = page(ana, noon)
    monkeypatch.setattr(provider, "send", lambda m: outbox.cancel("incident:1", purpose="page", why="acknowledged") and "ref")

    due.run("paging")

    assert Message.objects.get(pk=message.pk).state == Message.State.CANCELLED
    assert message.attempts.get().outcome == Attempt.Outcome.TOO_LATE


def test_a_newline_in_an_alert_name_does_not_stop_the_mail(ana, noon):
    outbox.queue(ana, channel="email", purpose="page", subject="Agents\r\nBcc: x@example.org\u202e down", body="Look.", dedup_key="k", at=noon)

    due.run("paging")

    assert mail.outbox[0].subject == "Agents Bcc: x@example.org down"
    assert mail.outbox[0].to == ["ana@example.org"]


def test_a_header_is_one_line_of_at_most_150_characters():
    assert clean_header("a\x00b\u2028c" + "x" * 200) == ("a b c" + "x" * 200)[:150]
