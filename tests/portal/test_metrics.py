"""What Prometheus reads: counted from the database, for whoever holds a token."""

from __future__ import annotations

from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from portal import doorbell, due, heartbeat, metrics, sending, tally
from portal.accounts.roles import Role
from portal.accounts.tokens import create_token
from portal.models import Due
from portal.notify import outbox
from portal.notify.models import Attempt
from portal.shelves import Shelf

pytestmark = pytest.mark.django_db


def samples(now) -> dict[tuple, float]:
    """(name, sorted labels) -> value, read by Prometheus's own parser."""
    families = text_string_to_metric_families(metrics.exposition(now).decode())
    return {(sample.name, *sorted(sample.labels.items())): sample.value for family in families for sample in family.samples}


def test_the_queue_says_what_waits_and_how_late_it_is(noon):
    due.put("notify.send", "1", at=noon - timedelta(seconds=90))
    due.put("notify.send", "2", at=noon + timedelta(hours=1))

    found = samples(noon)

    kind = (("kind", "notify.send"), ("pool", "paging"))
    assert found["standby_due_age_seconds",] == 90
    assert found["standby_due_rows", *kind, ("state", "waiting")] == 2
    assert found["standby_due_rows", *kind, ("state", "ripe")] == 1


def test_attempts_are_counted_by_their_outcome(noon, ana):
    message = outbox.queue(ana, channel="console", purpose="notice", subject="s", body="b", dedup_key="k", at=noon)
    for number, outcome in enumerate(["failed", "failed", "sent"]):
        Attempt.objects.create(message=message, number=number, started_at=noon, ended_at=noon, outcome=outcome)

    found = samples(noon)

    assert found["standby_attempts_total", ("outcome", "failed")] == 2
    assert found["standby_attempts_total", ("outcome", "refused")] == 0
    assert found["standby_messages", ("channel", "console"), ("purpose", "notice"), ("state", "pending")] == 1


@pytest.mark.django_db(transaction=True)
def test_a_lease_that_ran_out_is_counted(noon):
    due.put("notify.send", "1", at=noon)
    due.claim("paging", noon)
    Due.objects.update(due_at=noon)

    due.claim("paging", noon)

    assert samples(noon)["standby_leases_expired_total",] == 1


def test_a_doorbell_that_nobody_heard_is_counted(noon, settings, monkeypatch):
    settings.BROKER_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(doorbell, "_quiet_until", 0.0)
    from portal.celery import app

    def refused(*_, **__):
        raise ConnectionError("refused")

    monkeypatch.setattr(app, "send_task", refused)

    doorbell.ring()
    doorbell.ring()  # left alone for five seconds

    assert samples(noon)["standby_doorbells_failed_total",] == 1


def test_workers_and_sources_are_aged(noon):
    heartbeat.pulse("worker@one")

    assert samples(noon)["standby_seen_seconds_ago", ("name", "worker@one")] < 5


def test_a_hold_is_seen(noon):
    assert samples(noon)["standby_sending_off",] == 0
    sending.switch_off("Restored", at=noon)
    assert samples(noon)["standby_sending_off",] == 1


def test_a_measure_that_breaks_is_named_and_the_others_stand(noon, monkeypatch):
    def broken(now):
        raise RuntimeError("a bug")

    shelf = Shelf("measures")
    shelf.put("broken", broken)
    shelf.put("house", lambda now: [metrics.gauge("house", "Stands.", {(): 1.0})])
    monkeypatch.setattr(metrics, "MEASURES", shelf)

    found = samples(noon)

    assert found["standby_house",] == 1
    assert found["standby_measure_broken", ("measure", "broken")] == 1
    assert found["standby_measure_broken", ("measure", "house")] == 0


def test_every_measure_of_the_product_can_be_taken(noon):
    broken = {name: value for name, value in samples(noon).items() if name[0] == "standby_measure_broken" and value}

    assert broken == {}


def test_queries_stay_the_same_with_many_rows(noon, ana, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as few:
        metrics.exposition(noon)
    for number in range(50):
        outbox.queue(ana, channel="console", purpose="notice", subject="s", body="b", dedup_key=f"k{number}", at=noon)

    with django_assert_num_queries(len(few)):
        metrics.exposition(noon)


def test_prometheus_comes_with_a_token_and_strangers_are_told_how(client, noon, ana, admin_user):
    _, secret = create_token("prometheus", role=Role.VIEWER, scope="read", at=noon)

    refused = client.get("/metrics")
    wrong = client.get("/metrics", headers={"Authorization": "Bearer sb_wrong"})
    read = client.get("/metrics", headers={"Authorization": f"Bearer {secret}"})
    client.force_login(ana)
    responder = client.get("/metrics")
    client.force_login(admin_user)
    admin = client.get("/metrics")

    assert [answer.status_code for answer in (refused, wrong, read, responder, admin)] == [401, 401, 200, 403, 200]
    assert "Bearer" in refused["WWW-Authenticate"]
    assert read["Content-Type"].startswith("text/plain; version=0.0.4")
    assert b"standby_due_age_seconds 0.0" in read.content


def test_counts_of_several_writers_add_up():
    tally.count("claims", 3)
    tally.count("claims", 0.5)

    assert tally.counts() == {"claims": 3.5}
