"""Webhooks: who is told what, signed and tried again, with a log of every attempt."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client

from incidents import lifecycle
from incidents.models import Incident
from portal import journal, secrets
from portal.models import Due
from portal.webhooks import sending, signing, telling
from portal.webhooks.models import Delivery, Webhook, known_events, new_secret
from tests.portal.test_outbound import Peer


@pytest.fixture
def peer():
    peer = Peer()
    peer.answers["/hook"] = (200, {}, b"thanks")
    yield peer
    peer.close()


@pytest.fixture
def hook(db, peer, noon):
    return Webhook.objects.create(
        name="Chat bridge", url=peer.url("/hook"), reach="named", secret=new_secret(), events=["incident.*"], created_at=noon
    )


def declare(ana, noon, **more):
    return lifecycle.declare(title="Queue full", severity=3, service=None, summary="", by=ana, at=noon, **more)


def work_off(at):
    """What a worker does with what is due at that moment."""
    done = 0
    for row in Due.objects.filter(kind=sending.SEND, due_at__lte=at, lease=None).order_by("pk"):
        Due.objects.filter(pk=row.pk).update(lease="00000000-0000-0000-0000-000000000001", attempts=row.attempts + 1)
        row.refresh_from_db()
        sending.send(row, at)
        done += 1
    return done


def test_what_happens_is_told_signed_to_whoever_wants_it(hook, peer, ana, noon):
    incident = declare(ana, noon)

    work_off(noon + timedelta(days=9999))

    told = [json.loads(body) for _, _, _, body in peer.asked]
    assert {event["about"] for event in told} == {incident.subject}
    assert all(event["type"].startswith("incident.") for event in told)
    _, _, headers, body = peer.asked[0]
    key = base64.b64decode(hook.secret.removeprefix("whsec_"))
    signed = f"{headers['Webhook-Id']}.{headers['Webhook-Timestamp']}.".encode() + body
    assert headers["Webhook-Signature"] == "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert set(Delivery.objects.values_list("state", flat=True)) == {"delivered"}


def test_the_signature_is_that_of_the_published_example(settings, noon):
    """Standard Webhooks 1.0, its example of a symmetric signature."""
    from datetime import UTC, datetime

    at = datetime.fromtimestamp(1674087231, UTC)
    signature = signing.sign("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')

    assert len(base64.b64decode(signature.removeprefix("v1,"))) == 32


def test_what_nobody_wants_makes_no_delivery(hook, noon):
    journal.append("shift:1:2026-03-02", kind="tick", at=noon, by=None, text="Ticked")

    assert Delivery.objects.count() == 0


def test_a_restricted_incident_is_told_only_where_that_was_asked_for(hook, ana, noon):
    incident = declare(ana, noon)
    Delivery.objects.all().delete()
    Incident.objects.filter(pk=incident.pk).update(is_restricted=True)
    trusted = Webhook.objects.create(
        name="Trusted", url="https://t.example/", secret=new_secret(), events=["*"], includes_restricted=True, created_at=noon
    )

    journal.append(incident.subject, kind="note", at=noon, by=ana, text="Secret")

    assert [delivery.webhook for delivery in Delivery.objects.all()] == [trusted]


def test_an_event_goes_with_what_it_tells_of(hook, ana, noon):
    from django.db import transaction

    with transaction.atomic():
        declare(ana, noon)
        transaction.set_rollback(True)

    assert (Delivery.objects.count(), Due.objects.filter(kind=sending.SEND).count()) == (0, 0)


def test_a_receiver_that_refuses_is_asked_again_and_every_attempt_is_kept(hook, peer, noon):
    peer.answers["/hook"] = (500, {}, b"their secret text")
    delivery = telling.ping(hook, by=None, at=noon)
    work_off(noon + timedelta(days=9999))

    row = Due.objects.get(kind=sending.SEND)
    assert (Delivery.objects.get().state, row.lease) == ("pending", None)
    [attempt] = delivery.attempts.all()
    assert (attempt.number, attempt.status, attempt.trouble) == (1, 500, "The receiver answered 500.")

    peer.answers["/hook"] = (204, {}, b"")
    work_off(noon + timedelta(days=9999))

    assert [(a.number, a.status) for a in delivery.attempts.all()] == [(1, 500), (2, 204)]
    assert Delivery.objects.get().state == "delivered"
    assert len({headers["Webhook-Id"] for _, _, headers, _ in peer.asked}) == 1


def test_a_receiver_that_is_gone_is_asked_no_more(hook, peer, noon):
    peer.answers["/hook"] = (410, {}, b"")
    telling.ping(hook, by=None, at=noon)

    work_off(noon + timedelta(days=9999))

    assert (Delivery.objects.get().state, Due.objects.filter(kind=sending.SEND).count()) == ("failed", 0)


def test_after_the_last_retry_it_is_given_up(hook, peer, noon):
    peer.answers["/hook"] = (503, {}, b"")
    telling.ping(hook, by=None, at=noon)

    rounds = 0
    while work_off(noon + timedelta(days=9999)):
        rounds += 1

    assert (rounds, Delivery.objects.get().state) == (len(sending.RETRY) + 1, "failed")


def test_an_address_inside_the_house_is_not_reached_unless_an_administrator_said_so(hook, peer, noon):
    Webhook.objects.update(reach="free")
    delivery = telling.ping(hook, by=None, at=noon)

    work_off(noon + timedelta(days=9999))

    assert peer.asked == []
    assert "is not among those that may be used" in delivery.attempts.get().trouble


def test_a_webhook_that_was_switched_off_is_told_nothing_more(hook, peer, ana, noon):
    declare(ana, noon)
    Webhook.objects.update(is_enabled=False)

    work_off(noon + timedelta(days=9999))

    assert (peer.asked, set(Delivery.objects.values_list("state", flat=True))) == ([], {"cancelled"})


def test_a_secret_that_no_key_opens_sends_nothing_and_says_why(hook, peer, noon, settings):
    delivery = telling.ping(hook, by=None, at=noon)
    settings.ENCRYPTION_KEYS = ["b3RoZXItb3RoZXItb3RoZXItb3RoZXItb3RoZXItb3Q="]

    work_off(noon + timedelta(days=9999))

    assert peer.asked == []
    assert "no longer set" in delivery.attempts.get().trouble


def test_a_person_sends_it_again_with_the_same_id(hook, peer, noon):
    delivery = telling.ping(hook, by=None, at=noon)
    work_off(noon + timedelta(days=9999))

    telling.redeliver(delivery, at=noon)
    telling.redeliver(delivery, at=noon)
    work_off(noon + timedelta(days=9999))

    assert [headers["Webhook-Id"] for _, _, headers, _ in peer.asked] == [str(delivery.event_id)] * 2
    assert [attempt.number for attempt in delivery.attempts.all()] == [1, 2]


@pytest.mark.parametrize("events", [[], ["Incident.Status"], ["incident"], ["incident.status\n"], "incident.status", ["*"] * 51])
def test_what_is_no_event_is_refused(events):
    with pytest.raises(ValidationError):
        known_events(events)


# Its secret


def test_the_secret_is_shown_once_and_stored_sealed(admin_user, noon):
    client = Client()
    client.force_login(admin_user)
    made = client.post("/api/webhooks/", {"name": "x", "url": "https://x.example/", "events": ["*"]}, content_type="application/json").json()

    assert made["secret"].startswith("whsec_")
    assert "secret" not in client.get(f"/api/webhooks/{made['id']}/").json()
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM webhooks_webhook")
        [(stored,)] = cursor.fetchall()
    assert stored.startswith("sealed:")
    assert Webhook.objects.get().secret == made["secret"]


def test_keys_are_rotated_while_everything_stays_readable(hook, settings):
    old, new, secret = settings.ENCRYPTION_KEYS[0], "bmV3LW5ldy1uZXctbmV3LW5ldy1uZXctbmV3LW5ldy0=", hook.secret
    settings.ENCRYPTION_KEYS = [new, old]
    assert secrets.rotate() == (1, [])

    settings.ENCRYPTION_KEYS = [new]
    assert Webhook.objects.get().secret == secret
    assert secrets.unreadable() == []

    settings.ENCRYPTION_KEYS = [old]
    closed = Webhook.objects.get()
    assert (closed.secret, [str(s) for s in secrets.unreadable()]) == ("", [f"webhooks.Webhook.secret {closed.pk}"])
    closed.name = "Renamed"
    closed.save()  # loses nothing

    settings.ENCRYPTION_KEYS = [new]
    assert Webhook.objects.get().secret == secret


def test_a_form_keeps_replaces_and_removes_the_secret(hook):
    from django.forms import modelform_factory

    form_class = modelform_factory(Webhook, fields=["name", "secret"])

    def saved(typed: str) -> str:
        form = form_class({"name": "n", "secret": typed}, instance=Webhook.objects.get())
        assert form.is_valid(), form.errors
        form.save()
        return Webhook.objects.get().secret

    assert hook.secret not in str(form_class(instance=hook))
    assert saved("") == hook.secret
    assert saved("whsec_" + "A" * 32) == "whsec_" + "A" * 32
    assert saved("-") == ""
