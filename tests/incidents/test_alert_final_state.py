"""All captured requests, each posted twice, worked off in any order: one final state, written down here as a table."""

from __future__ import annotations

import random

import pytest
from django.db import transaction

from incidents.alerts import ingest
from incidents.models import Delivery, Episode, Incident
from tests.incidents.alerting import MINUTE, alert, crafted
from tests.incidents.conftest import all_captures, moment_of

CAPTURES = all_captures()
ORDERS, PART = 200, 10  # orders in all, and in one test
EPISODES = """
AgentCompleteOutage 127.0.0.1:61001 6fa9 | 23 13:10:50 | - | firing | 3 | yes
AgentCompleteOutage 127.0.0.1:61002 3e9a | 23 13:11:04 | 23 13:11:18 | resolved | 0 | yes
AgentCompleteOutage 127.0.0.1:61003 a485 | 23 13:11:03 | 23 13:13:36 | resolved | 1 | yes
AgentHighErrorRate  9180 | 23 13:18:43 | 23 13:19:24 | resolved | 0 | yes
AgentHighLatency 127.0.0.1:61001 f037 | 23 13:18:41 | - | firing | 0 | yes
AgentHighLatency 127.0.0.1:61002 b4cb | 23 13:18:40 | - | firing | 0 | yes
AgentHighLatency 127.0.0.1:61003 ebae | 23 13:18:40 | - | firing | 0 | yes
AgentQueueBacklog  fdb5 | 23 13:18:41 | - | firing | 0 | yes
AgentRateLimited  f5b2 | 23 13:18:41 | - | firing | 0 | yes
DatabaseConnectionsNearLimit  bf5b | 23 13:18:41 | - | firing | 0 | yes
HA  a07b | 23 13:12:50 | - | firing | 0 | yes
HA  a5eb | 23 13:13:45 | - | firing | 0 | yes
HA  acef | 23 13:12:50 | - | firing | 0 | yes
HA  c496 | 23 13:12:50 | - | firing | 0 | yes
RedisDown 127.0.0.1:61001 ba72 | 23 13:18:41 | 23 13:19:14 | resolved | 0 | yes
RedisDown 127.0.0.1:61002 b668 | 23 13:18:41 | 23 13:19:14 | resolved | 0 | yes
RedisDown 127.0.0.1:61003 1272 | 23 13:18:41 | 23 13:19:14 | resolved | 0 | yes
RetryCase  3d8d | 23 12:56:06 | 23 12:58:56 | resolved | 0 | yes
RetryCase  5356 | 23 12:56:06 | - | firing | 0 | yes
RetryCase  97f8 | 23 12:56:06 | - | firing | 0 | yes
RetryCase  c4bc | 23 12:56:06 | - | firing | 0 | yes
RetryCase  cf8b | 23 12:56:06 | - | firing | 0 | yes
RetryCase  dd3e | 23 12:56:06 | - | firing | 0 | yes
T  73b5 | 23 13:12:25 | - | firing | 0 | yes
Watchdog  4335 | 23 13:09:35 | - | firing | 1 | yes
"""
INCIDENTS = """
- RetryCase | SEV1 | triage | - | 6
agent-api AgentCompleteOutage | SEV1 | triage | - | 3
agent-api AgentHighErrorRate | SEV1 | triage | 23 13:19:25 | 1
agent-api AgentHighLatency | SEV2 | triage | - | 3
agent-api AgentRateLimited | SEV3 | triage | - | 1
agent-api HA | SEV1 | triage | - | 4
agent-api T | SEV1 | triage | - | 1
agent-queue AgentQueueBacklog | SEV2 | triage | - | 1
postgresql DatabaseConnectionsNearLimit | SEV2 | triage | - | 1
redis RedisDown | SEV1 | triage | 23 13:19:23 | 3
"""


def lines(table: str) -> list[str]:
    return [line.strip() for line in table.strip().splitlines()]


def clock(moment) -> str:
    return f"{moment:%d %H:%M:%S}" if moment else "-"


def episodes() -> list[str]:
    """alert, instance | start | end | how | reopened | seen firing"""
    found = Episode.objects.select_related("alert").order_by("alert__name", "alert__labels__instance", "alert__fingerprint", "number")
    return [
        f"{row.alert.name} {row.alert.labels.get('instance', '')} {row.alert.fingerprint[:4]} | {clock(row.started_at)} | {clock(row.ended_at)} "
        f"| {row.ended_how or 'firing'} | {row.reopenings} | {'yes' if row.was_firing else 'no'}"
        for row in found
    ]


def incidents() -> list[str]:
    """service alertname | severity | status | quiet since | alerts"""
    told = []
    for row in Incident.objects.order_by("correlation_key", "pk").prefetch_related("episodes__alert"):
        names = sorted({f"{episode.alert.labels.get('service', '-')} {episode.alert.name}" for episode in row.episodes.all()})
        alerts = len({episode.alert_id for episode in row.episodes.all()})
        told.append(f"{', '.join(names)} | SEV{row.severity} | {row.status} | {clock(row.quiet_since)} | {alerts}")
    return sorted(told)


def posted(sender) -> list[Delivery]:
    """Every capture twice in a row; what Alertmanager sent after a redirect was a GET, and gets its 405 instead."""
    stored = []
    for capture in CAPTURES:
        if not capture["request_line"].startswith("POST"):
            assert sender.client.get("/hooks/alertmanager/main/").status_code == 405
            continue
        stored += [sender.store(capture["body_raw"].encode(), moment_of(capture)) for _ in range(2)]
    return stored


def final_state(order: list[Delivery], bodies: dict) -> tuple[list[str], list[str]]:
    """Worked off in that order; nothing is kept."""
    block = transaction.atomic()
    block._from_testcase = True
    with block:
        for delivery in order:
            ingest.apply(
                Delivery.objects.select_related("source__default_service__team").get(pk=delivery.pk), bodies[delivery.pk], now=delivery.received_at
            )
        state = episodes(), incidents()
        transaction.set_rollback(True)
    return state


@pytest.fixture
def twice(sender):
    stored = posted(sender)
    return stored, {delivery.pk: ingest.parsed(delivery) for delivery in stored}


def test_there_are_forty_five_captures_and_one_is_a_get():
    assert len(CAPTURES) == 45
    assert [capture["_name"][:2] for capture in CAPTURES if not capture["request_line"].startswith("POST")] == ["39"]


@pytest.mark.django_db
def test_in_the_order_of_receipt_the_final_state_is_this_table(twice):
    stored, bodies = twice

    found = final_state(stored, bodies)

    assert found[0] == lines(EPISODES)
    assert found[1] == lines(INCIDENTS)


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("part", range(ORDERS // PART))
def test_in_any_other_order_it_is_the_same_table(twice, part):
    stored, bodies = twice

    for number in range(part * PART, (part + 1) * PART):
        shuffled = random.Random(number).sample(stored, len(stored))
        assert final_state(shuffled, bodies) == (lines(EPISODES), lines(INCIDENTS)), f"seed {number}"


def test_a_set_of_twelve_keys_makes_exactly_these_incidents(sender, noon, crew, db):
    """Three services, four names, one of each severity; twice each, one ends, one was never seen firing, one is a heartbeat."""
    from oncall.models import Service

    for slug in ("chat", "search"):
        Service.objects.create(name=slug.title(), slug=slug, team=crew)
    keys = [(service, name) for service in ("runner", "chat", "search") for name in ("Slow", "Down", "Full", "Odd")]
    severities = {"Slow": "warning", "Down": "critical", "Full": "info", "Odd": "blocker"}
    told = [alert(name, at=noon, service=service, severity=severities[name], instance=str(n)) for service, name in keys for n in range(2)]
    for start in range(0, len(told), 5):
        sender.deliver(crafted(*told[start : start + 5]), noon)
    sender.deliver(crafted(alert("Slow", at=noon, ended=noon + MINUTE, service="chat", severity="warning", instance="0")), noon + 2 * MINUTE)
    sender.deliver(crafted(alert("Gone", at=noon - MINUTE, ended=noon, service="chat")), noon + 2 * MINUTE)
    sender.deliver(crafted(alert("Watchdog", at=noon, severity="none")), noon + 2 * MINUTE)

    found = Incident.objects.order_by("service__slug", "title").values_list("service__slug", "title", "severity", "status", "quiet_since")
    severity = {"Slow": 2, "Down": 1, "Full": 3, "Odd": 3}
    expected = [(service, f"{name} is bad", severity[name], "triage", None) for service in ("chat", "runner", "search") for name in sorted(severity)]
    assert list(found) == expected
    assert {row.episodes.count() for row in Incident.objects.all()} == {2}
