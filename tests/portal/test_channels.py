"""Chat, push and PagerDuty over real HTTPS: what arrives, and what each refusal means."""

from __future__ import annotations

import base64
import hmac
import json

import pytest

from portal import outbound
from portal.notify.channels import CHANNELS, ChannelError
from portal.notify.contact import ContactMethod
from portal.notify.models import Message
from tests.receiver import Receiver

pytestmark = pytest.mark.django_db
SECRET = "whsec_" + base64.b64encode(b"twenty-four bytes or more").decode()
KEY = "R0123456789abcdefR0123456789abcd"


@pytest.fixture(scope="module")
def one_receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def receiver(one_receiver, settings, monkeypatch):
    """Allowed by an administrator, its certificate trusted."""
    settings.CHANNEL_HOSTS = ["localhost"]
    settings.PAGERDUTY_EVENTS_URL = one_receiver.url("/v2/enqueue")
    monkeypatch.setenv("SSL_CERT_FILE", str(one_receiver.certificate))
    outbound._trust.cache_clear()
    one_receiver.mood, one_receiver.once, one_receiver.taken = "well", [], []
    yield one_receiver
    outbound._trust.cache_clear()


def message(user, noon, kind, address, *, purpose="page", subject="Agents down", secret="", **more):
    method = ContactMethod.objects.create(owner=user, kind=kind, address=address, secret=secret, created_at=noon)
    fields = {
        "dedup_key": f"{kind}:{purpose}:{subject}",
        "body": "Look.\nAcknowledge: https://x/ack/1/",
        "link": "https://x/ack/1/",
        "created_at": noon,
    }
    return Message.objects.create(recipient=user, channel=kind, method=method, purpose=purpose, subject=subject, **{**fields, **more})


def test_a_chat_webhook_gets_text_in_which_nothing_is_a_mention(receiver, ana, noon):
    CHANNELS["slack"].send(message(ana, noon, "slack", receiver.url(), subject="<!channel> & down"))

    [body] = receiver.bodies()
    assert set(body) == {"text"}
    assert "&lt;!channel&gt; &amp; down" in body["text"]


def test_push_is_urgent_and_opens_the_link(receiver, ana, noon):
    reference = CHANNELS["ntfy"].send(message(ana, noon, "ntfy", receiver.url("/ana-phone"), secret="tk_1", practice=True))

    [body] = receiver.bodies()
    assert (body["topic"], body["priority"], body["click"]) == ("ana-phone", 5, "https://x/ack/1/")
    assert body["title"].startswith("DRILL: ")
    assert receiver.taken[0]["path"] == "/"
    assert receiver.taken[0]["headers"]["Authorization"] == "Bearer tk_1"
    assert reference == "ref-1"


def test_pagerduty_gets_a_trigger_and_the_same_key_for_what_is_carried_over(receiver, ana, noon):
    CHANNELS["pagerduty"].send(message(ana, noon, "pagerduty", KEY, about="incident:7"))
    for action in ("acknowledge", "resolve"):
        CHANNELS["pagerduty"].send(message(ana, noon, "pagerduty", KEY, purpose="carry", subject=action, about="incident:7"))

    events = receiver.bodies()
    assert [event["event_action"] for event in events] == ["trigger", "acknowledge", "resolve"]
    assert {event["dedup_key"] for event in events} == {"standby:incident:7"}
    assert {event["routing_key"] for event in events} == {KEY}
    assert set(events[0]["payload"]) >= {"summary", "source", "severity"}
    assert "payload" not in events[1]


@pytest.mark.parametrize(("mood", "permanent"), [(500, False), (503, False), (429, False), (400, True), (401, True), (404, True), (410, True)])
def test_what_an_answer_means(receiver, ana, noon, mood, permanent):
    receiver.mood = mood

    with pytest.raises(ChannelError) as refusal:
        CHANNELS["slack"].send(message(ana, noon, "slack", receiver.url()))

    assert (refusal.value.permanent, refusal.value.code) == (permanent, str(mood))


def test_a_slow_receiver_is_given_up_within_the_channels_five_seconds(receiver, ana, noon):
    receiver.mood = "slow"

    with pytest.raises(ChannelError, match="did not answer in time"):
        CHANNELS["slack"].send(message(ana, noon, "slack", receiver.url()))


def test_an_address_inside_the_house_that_nobody_allowed_is_refused_for_good(receiver, settings, ana, noon):
    settings.CHANNEL_HOSTS = []

    with pytest.raises(ChannelError) as refusal:
        CHANNELS["slack"].send(message(ana, noon, "slack", receiver.url()))

    assert refusal.value.permanent
    assert receiver.taken == []


def test_a_webhook_of_ones_own_is_signed_with_its_secret_and_named_the_same_in_every_attempt(receiver, ana, noon):
    told = message(ana, noon, "webhook", receiver.url(), secret=SECRET, about="incident:7")
    receiver.once = [503]

    with pytest.raises(ChannelError) as refusal:
        CHANNELS["webhook"].send(told)
    reference = CHANNELS["webhook"].send(told)

    first, second = receiver.taken
    headers, body = second["headers"], second["body"]
    assert not refusal.value.permanent
    assert first["headers"]["Webhook-Id"] == headers["Webhook-Id"] == reference == f"message-{told.pk}"
    signed = f"{reference}.{headers['Webhook-Timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(base64.b64decode(SECRET.removeprefix("whsec_")), signed, "sha256")).decode()
    assert headers["Webhook-Signature"] == f"v1,{expected}"
    assert json.loads(body)["type"] == "message.page" and json.loads(body)["data"]["subject"] == "Agents down"


def test_a_webhook_whose_secret_cannot_be_used_is_given_up_for_good(receiver, ana, noon):
    with pytest.raises(ChannelError, match="add it again") as refusal:
        CHANNELS["webhook"].send(message(ana, noon, "webhook", receiver.url(), secret="whsec_not base64"))

    assert refusal.value.permanent and receiver.taken == []


def test_secrets_of_a_method_stand_encrypted_in_the_database(ana, noon, django_assert_num_queries):
    from django.db import connection

    ContactMethod.objects.create(owner=ana, kind="pagerduty", address=KEY, created_at=noon)

    with connection.cursor() as cursor:
        cursor.execute("SELECT address FROM notify_contactmethod")
        assert KEY not in json.dumps(cursor.fetchall())
