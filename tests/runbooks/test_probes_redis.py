"""Every diagnostic of Redis against a real one: healthy, frozen, refusing, full, busy, locked by a password."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from datetime import timedelta

import pytest
import redis

from portal import due
from runbooks.diagnostics import runs
from runbooks.models import DiagnosticRun, Target
from tests import servers
from tests.runbooks.looking import frozen, is_a_finding, look

pytestmark = [pytest.mark.django_db, pytest.mark.servers, pytest.mark.once]
OF_REDIS = {
    "stale-jobs": {},
    "queue-depth": {},
    "redis-health": {},
    "analyze-conv": {"conv_id": "user123"},
    "celery-workers": {},
    "kill-stale": {},
    "requeue-killed": {},
}


@pytest.fixture
def target(redis_server):
    return Target.objects.create(slug="jobs", kind="redis", host="127.0.0.1", port=redis_server.port)


@pytest.fixture
def client(redis_server):
    with redis.Redis(port=redis_server.port, decode_responses=True) as connected:
        yield connected


@pytest.mark.parametrize("slug", OF_REDIS)
def test_a_frozen_redis_is_a_finding(target, redis_server, slug):
    with frozen(redis_server.process.pid):
        assert is_a_finding(look(slug, target, at_most=8, **OF_REDIS[slug]))


@pytest.mark.parametrize("slug", OF_REDIS)
def test_a_redis_that_refuses_is_a_finding(target, redis_server, slug):
    redis_server.process.kill()
    redis_server.process.wait()

    run = look(slug, target, at_most=5, **OF_REDIS[slug])

    assert is_a_finding(run)
    assert run.finding == "Redis “jobs” refused the connection"


@pytest.mark.parametrize("slug", OF_REDIS)
def test_a_redis_without_room_for_another_connection_is_a_finding(target, client, slug):
    client.config_set("maxclients", 1)  # ours; the diagnostic finds no place

    run = look(slug, target, at_most=5, **OF_REDIS[slug])

    assert is_a_finding(run)
    assert "full" in run.finding


@pytest.mark.parametrize("slug", OF_REDIS)
def test_a_redis_that_is_busy_with_one_command_is_a_finding(target, redis_server, slug):
    def hold():
        with redis.Redis(port=redis_server.port, socket_timeout=20) as other:
            other.eval("local n = 0 while true do n = n + 1 end", 0)

    thread = threading.Thread(target=lambda: _quietly(hold), daemon=True)
    thread.start()
    time.sleep(0.3)

    assert is_a_finding(look(slug, target, at_most=8, **OF_REDIS[slug]))


def _quietly(what):
    with contextlib.suppress(redis.RedisError):
        what()


def test_a_wrong_password_is_said_and_not_shown(target, client, monkeypatch):
    client.config_set("requirepass", "right-one-7f3a")
    monkeypatch.setenv("PORTAL_TARGET_JOBS", "wrong-one-99aa")
    Target.objects.update(password_variable="PORTAL_TARGET_JOBS")

    run = look("redis-health", target)

    assert is_a_finding(run)
    assert run.finding == "Redis “jobs” refused the password"
    assert "wrong-one" not in run.output


def test_health_names_memory_that_runs_out_and_keys_that_were_thrown_out(target, client):
    assert look("redis-health", target).severity == "ok"

    client.config_set("maxmemory", client.info()["used_memory"] + 1_500_000)
    client.config_set("maxmemory-policy", "allkeys-lru")
    for number in range(3000):
        client.set(f"filler:{number}", "x" * 1000)
    run = look("redis-health", target)

    assert run.severity == "bad"
    assert "keys were thrown out since the last look" in run.finding
    assert run.result["numbers"]["evicted_keys"] > 0


def test_health_names_slow_commands_without_their_values(target, client):
    client.config_set("slowlog-log-slower-than", 0)
    client.set("session:1", "a secret value of somebody")
    run = look("redis-health", target)

    assert "slow commands" in run.finding
    assert "a secret value" not in run.output


def test_queue_depth_counts_types_ages_and_growth(target, client):
    def add(number):
        now = client.time()[0]
        for job in (f"{number}-{n}" for n in range(number)):
            client.hset(f"job:{job}", mapping={"type": "summarise", "queued_at": now - 100})
            client.lpush("queue:agents", job)
        client.sadd("queues", "agents")

    add(30)
    first = look("queue-depth", target)
    DiagnosticRun.objects.filter(pk=first.pk).update(finished_at=first.finished_at - timedelta(minutes=1))
    add(20)
    second = look("queue-depth", target)

    assert (first.severity, first.result["numbers"]["depth"]) == ("ok", 30)
    assert "summarise: 30" in first.output
    assert second.result["numbers"]["oldest_seconds"] in (100, 101, 102)
    assert 15 < second.result["numbers"]["growth_per_minute"] < 21
    assert look("queue-depth", target, limit=40).severity == "bad"


def test_without_a_known_queue_it_says_where_to_name_them(target, client):
    run = look("queue-depth", target)

    assert (run.severity, run.finding) == ("warn", "No queue is known")
    assert "options of the target" in run.result["next_step"]


def test_jobs_without_a_sorted_set_are_found_by_walking_the_hashes(target, client):
    now = client.time()[0]
    for number in range(1200):
        client.hset(f"job:{number}", mapping={"state": "running" if number % 4 == 0 else "done", "started_at": now - 100 * number})
    Target.objects.update(options={"running": "-"})

    run = look("stale-jobs", target, age=100_050)

    assert run.finding == "49 stale jobs of 300 in processing"
    assert run.output.splitlines()[1].startswith("  - 1196: 1196")


def test_a_conversation_is_counted_in_pages(target, client):
    messages = [json.dumps({"role": "user" if n % 2 == 0 else "assistant", "content": "word " * 10}) for n in range(1201)]
    client.rpush("conversation:user123", *messages, "not json")

    run = look("analyze-conv", target, conv_id="user123")

    document = run.result["document"]
    assert (document["total_messages"], document["user_messages"], document["assistant_messages"]) == (1202, 601, 600)
    assert len(document["sample_messages"]) == 5
    assert "1 could not be read" in run.finding


def test_jobs_in_another_layout_are_said_with_the_page_that_describes_ours(target, client):
    client.set("jobs:running", "a text")

    run = look("stale-jobs", target)

    assert is_a_finding(run)
    assert "docs/jobs-in-redis.md" in run.result["next_step"]


def test_celery_queues_are_counted_and_missing_workers_said(target, client):
    client.rpush("celery", *("{}" for _ in range(7)))

    run = look("celery-workers", target)

    assert is_a_finding(run)
    assert run.finding == "No worker answers within 1.5 s; 7 tasks wait"


def test_while_one_target_is_frozen_the_worker_goes_on_with_the_others(target, redis_server, ana, noon):
    other = servers.Redis()
    try:
        Target.objects.create(slug="well", kind="redis", host="127.0.0.1", port=other.port)
        with frozen(redis_server.process.pid):
            sick = runs.ask("stale-jobs", given={}, target="jobs", by=ana, at=noon)
            well = runs.ask("stale-jobs", given={}, target="well", by=ana, at=noon)
            began = time.monotonic()
            due.run("work")
        assert time.monotonic() - began < 8
    finally:
        other.close()
    sick.refresh_from_db()
    well.refresh_from_db()
    assert (sick.severity, well.severity) == ("bad", "ok")
