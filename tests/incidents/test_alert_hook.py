"""The hook: who gets in, what is stored, what is answered."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import zlib

import pytest
from django.db import OperationalError

from incidents.alerts import ingest, ledger, sources
from incidents.models import Alert, Delivery, Episode, Incident
from portal import clock
from portal.models import Due
from tests.incidents.alerting import Sender, alert, crafted
from tests.incidents.conftest import all_captures, captured, moment_of

pytestmark = pytest.mark.django_db

POSTED = [capture for capture in all_captures() if capture["request_line"].startswith("POST")]


def headers_of(capture: dict) -> dict[str, str]:
    return {name: value for name, value in capture["headers"] if name in ("User-Agent", "Content-Type")}


@pytest.mark.parametrize("capture", POSTED, ids=lambda capture: capture["_name"])
def test_every_captured_request_is_taken_and_a_second_time_changes_nothing(sender, capture, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: moment_of(capture))
    raw = capture["body_raw"].encode()

    answers = [sender.post(raw, **headers_of(capture)) for _ in range(2)]

    assert [(answer.status_code, answer.json()["understood"]) for answer in answers] == [(200, True)] * 2
    assert Delivery.objects.filter(state="applied").count() == 2
    assert Alert.objects.count() == len(capture["body"]["alerts"])
    assert Episode.objects.count() == Alert.objects.count()
    assert Incident.objects.count() <= len({found["labels"]["alertname"] for found in capture["body"]["alerts"]})
    assert not Due.objects.filter(kind=ledger.INGEST).exists()


def test_what_came_after_a_301_is_a_get_and_gets_405_with_nothing_to_read(sender):
    answer = sender.client.get(f"/hooks/alertmanager/{sender.source.name}/")

    assert (answer.status_code, answer["Allow"], answer.content) == (405, "POST", b"")


@pytest.mark.parametrize("path", ["/hooks/alertmanager/main", "/hooks/alertmanager/main/"])
def test_neither_form_of_the_address_redirects(sender, path):
    assert sender.post(b'{"alerts": []}', path=path).status_code == 200


def test_the_raw_body_is_kept_byte_for_byte_without_credentials(sender):
    raw = captured("36-bearer-auth")["body_raw"].encode()

    answer = sender.post(raw)

    delivery = Delivery.objects.get(pk=answer.json()["delivery"])
    assert ledger.body_of(delivery) == raw
    assert (delivery.length, delivery.sha256) == (len(raw), hashlib.sha256(raw).hexdigest())
    assert sender.token not in json.dumps(delivery.headers)


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"alertmanager:{password}".encode()).decode()


def test_the_token_is_taken_as_a_basic_password_too(sender):
    assert sender.post(b'{"alerts": []}', Authorization=basic(sender.token)).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer wrong", "Bearer wröng", "Bearer 🔑".encode().decode("latin-1"), basic("wröng"), "Basic !!!", "Digest x"],
)
def test_no_token_or_a_wrong_one_gets_401_and_stores_nothing(sender, authorization):
    answer = sender.post(b'{"alerts": []}', Authorization=authorization)

    assert answer.status_code == 401
    assert not Delivery.objects.exists()


def test_an_unknown_and_a_disabled_source_answer_like_a_wrong_token(sender):
    wrong = sender.post(b"{}", Authorization="Bearer wrong")
    unknown = sender.post(b"{}", path="/hooks/alertmanager/nowhere/")
    sender.source.is_enabled = False
    sender.source.save()
    disabled = sender.post(b"{}")

    assert {(answer.status_code, answer.content) for answer in (wrong, unknown, disabled)} == {(401, wrong.content)}


def test_two_tokens_work_while_they_are_rotated_and_the_third_ends_the_first(sender, noon):
    second = Sender(sender.source, sources.new_token(sender.source, at=noon))
    both = [each.post(b'{"alerts": []}').status_code for each in (sender, second)]
    third = Sender(sender.source, sources.new_token(sender.source, at=noon))

    assert both == [200, 200]
    assert [each.post(b'{"alerts": []}').status_code for each in (sender, second, third)] == [401, 200, 200]


@pytest.mark.parametrize("raw", [b"", b"not json", b"[]", b'{"alerts": {}}', b"\x00\xff", b'{"status": "firing"}', b"[" * 100_000])
def test_what_cannot_be_understood_is_kept_and_answered_200(sender, raw):
    answer = sender.post(raw)

    assert (answer.status_code, answer.json()["understood"]) == (200, False)
    assert Delivery.objects.get().problems


def test_a_gzip_body_is_inflated(sender, noon):
    raw = json.dumps(crafted(alert(at=noon))).encode()

    answer = sender.post(gzip.compress(raw), **{"Content-Encoding": "gzip"})

    assert answer.json()["understood"]
    assert ledger.body_of(Delivery.objects.get()) == raw


@pytest.mark.parametrize("raw", [b"plain", gzip.compress(b'{"alerts": []}', mtime=0)[:-9], zlib.compress(b"x")])
def test_a_gzip_body_that_is_none_is_kept_as_it_came(sender, raw):
    answer = sender.post(raw, **{"Content-Encoding": "gzip"})

    assert (answer.status_code, answer.json()["understood"]) == (200, False)


def test_a_body_above_the_limit_is_cut_and_answered_200(sender, settings):
    settings.HOOK_LIMIT = 2 * 1024 * 1024
    raw = b" " * (3 * 1024 * 1024)

    answer = sender.post(raw)

    delivery = Delivery.objects.get()
    assert (answer.status_code, answer.json()["understood"], delivery.length) == (200, False, len(raw))
    assert len(ledger.body_of(delivery)) == 1024 * 1024
    assert delivery.sha256 == hashlib.sha256(raw).hexdigest()


def test_a_small_body_that_inflates_beyond_the_limit_is_not_inflated_further(sender, settings):
    settings.HOOK_LIMIT = 2 * 1024 * 1024

    answer = sender.post(gzip.compress(b" " * (50 * 1024 * 1024)), **{"Content-Encoding": "gzip"})

    assert (answer.status_code, answer.json()["understood"]) == (200, False)


def test_a_body_of_five_megabytes_passes_the_limit_of_forms(sender, noon):
    body = crafted(alert(at=noon)) | {"padding": "x" * (5 * 1024 * 1024)}

    assert sender.post(json.dumps(body).encode()).json()["understood"]


def test_database_trouble_before_the_request_is_stored_asks_to_try_again(sender, monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError("the database system is shutting down")

    monkeypatch.setattr(ledger, "store", away)
    monkeypatch.setattr("incidents.alerts.views.connection.close", lambda: None)

    answer = sender.post(b'{"alerts": []}')

    assert (answer.status_code, answer.json()["detail"]) == (503, "The portal cannot store this now. Try again.")


def test_trouble_after_it_was_stored_is_answered_200_and_repaired_by_the_worker(sender, noon, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: noon)
    with monkeypatch.context() as broken:
        broken.setattr(ingest, "_round", lambda *args, **kwargs: 1 / 0)
        answer = sender.post(json.dumps(crafted(alert(at=noon))).encode())
    stored = Delivery.objects.get()

    [row] = Due.objects.filter(kind=ledger.INGEST)
    ingest.handle(row, row.due_at)

    assert (answer.status_code, stored.state) == (200, "received")
    assert "ZeroDivisionError" in stored.reason
    assert Incident.objects.count() == 1
    assert Delivery.objects.get().state == "applied"
    assert not Due.objects.filter(kind=ledger.INGEST).exists()
