"""What changes something: shown, decided once by one person with a reason, written down first, and each item looked at again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import redis
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from oncall.models import Service, Team
from portal import clock, due, journal
from portal.errors import DomainError, Invalid, NotAllowed
from portal.models import Decision, Due
from runbooks.diagnostics import guard, runs, working
from runbooks.models import ChangeRight, DiagnosticRun, Preview, Target

pytestmark = [pytest.mark.django_db, pytest.mark.servers]
WHY = "Workers of the old release hold them"


@pytest.fixture
def client_of_redis(redis_server):
    with redis.Redis(port=redis_server.port, decode_responses=True) as connected:
        yield connected


@pytest.fixture
def target(redis_server):
    return Target.objects.create(slug="jobs", kind="redis", host="127.0.0.1", port=redis_server.port)


@pytest.fixture
def right(ana):
    ChangeRight.objects.create(user=ana, given_at=clock.now())
    return ana


def put(server, ages, queue="agents"):
    """Jobs in processing: name → seconds since they started."""
    now = server.time()[0]
    for job, age in ages.items():
        server.zadd("jobs:running", {job: now - age})
        server.hset(f"job:{job}", mapping={"state": "running", "type": "reply", "queue": queue, "started_at": now - age, "heartbeat_at": now - age})


STALE = {"abc-123": 450, "def-456": 380, "ghi-789": 320, "new-000": 5}


def preview(by, slug="kill-stale", about="", **given) -> Preview:
    run = runs.ask(slug, given=given, about=about, by=by, at=clock.now())
    due.run("work")
    run.refresh_from_db()
    assert run.state == "done", run.finding
    return Preview.objects.get(run=run)


def confirmed(found: Preview, by, **more) -> DiagnosticRun:
    act = guard.confirm(guard.token_of(found), reason=WHY, by=by, at=clock.now(), **more)
    due.run("work")
    act.refresh_from_db()
    return act


def test_a_preview_names_the_exact_jobs_and_touches_nothing(target, client_of_redis, right):
    put(client_of_redis, STALE)

    found = preview(right)

    assert [item["id"] for item in found.items] == ["abc-123", "def-456", "ghi-789"]
    assert found.run.finding == "Would kill 3 stale jobs"
    assert client_of_redis.zcard("jobs:running") == 4


def test_what_was_confirmed_is_killed_and_can_be_queued_again(target, client_of_redis, right):
    put(client_of_redis, STALE)

    act = confirmed(preview(right), right)

    assert (act.state, act.finding) == ("done", "Killed 3 stale jobs")
    assert client_of_redis.zrange("jobs:running", 0, -1) == ["new-000"]
    assert client_of_redis.hget("job:abc-123", "state") == "killed"

    again = confirmed(preview(right, "requeue-killed"), right)

    assert again.finding == "Queued 3 killed jobs again"
    assert sorted(client_of_redis.lrange("queue:agents", 0, -1)) == ["abc-123", "def-456", "ghi-789"]
    assert client_of_redis.hgetall("job:abc-123")["state"] == "queued"
    assert client_of_redis.zcard("jobs:killed") == 0


def test_a_hundred_jobs_that_became_fresh_are_all_left_alone(target, client_of_redis, right):
    put(client_of_redis, {f"job-{n:03}": 400 + n for n in range(100)})
    found = preview(right)
    assert len(found.items) == 100
    now = client_of_redis.time()[0]
    for number, item in enumerate(found.items):  # alive again, started anew, done, or taken by another: four ways of being fresh
        job = item["id"]
        if number % 4 == 0:
            client_of_redis.hset(f"job:{job}", "heartbeat_at", now)
        elif number % 4 == 1:
            client_of_redis.zadd("jobs:running", {job: now})
        elif number % 4 == 2:
            client_of_redis.zrem("jobs:running", job)
        else:
            client_of_redis.hset(f"job:{job}", "state", "finishing")

    act = confirmed(found, right)

    assert act.finding == "Killed 0 stale jobs, skipped 100"
    assert client_of_redis.zcard("jobs:killed") == 0
    why = {outcome["why"] for outcome in Preview.objects.get(pk=found.pk).outcomes}
    assert why == {"it is alive: its heartbeat moved", "it was started again", "it is not in processing any more", "its state changed"}


def test_a_job_that_became_stale_after_the_preview_is_left_alone(target, client_of_redis, right):
    put(client_of_redis, STALE)
    found = preview(right)
    put(client_of_redis, {"late-001": 900})

    confirmed(found, right)

    assert "late-001" in client_of_redis.zrange("jobs:running", 0, -1)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_confirm_at_once_one_wins_and_the_other_is_told(target, client_of_redis, right):
    put(client_of_redis, STALE)
    found = preview(right)
    token, ready = guard.token_of(found), Barrier(8)

    def try_it(_):
        ready.wait()
        try:
            return guard.confirm(token, reason=WHY, by=right, at=clock.now()).pk
        except guard.AlreadyConfirmed as told:
            return str(told)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(try_it, range(8)))

    won = [answer for answer in answers if isinstance(answer, int)]
    assert len(won) == 1
    assert all("Ana already confirmed this at" in answer for answer in answers if answer not in won)
    assert Due.objects.filter(kind=runs.RUN).count() == 1


def test_a_token_is_good_for_its_requester_alone(target, client_of_redis, right, ben):
    put(client_of_redis, STALE)
    ChangeRight.objects.create(user=ben, given_at=clock.now())
    found = preview(right)

    with pytest.raises(guard.BadToken):
        guard.confirm(guard.token_of(found), reason=WHY, by=ben, at=clock.now())


def test_a_token_is_good_for_two_minutes(target, client_of_redis, right):
    put(client_of_redis, STALE)
    found = preview(right)

    with pytest.raises(guard.Expired):
        guard.confirm(guard.token_of(found), reason=WHY, by=right, at=found.expires_at)


def test_a_token_with_one_id_more_is_none(target, client_of_redis, right):
    put(client_of_redis, STALE)
    found = preview(right)
    token = guard.token_of(found)
    found.items.append({"id": "new-000", "score": 1.0, "state": "running", "heartbeat_at": ""})
    found.save()

    with pytest.raises(guard.BadToken):
        guard.confirm(token, reason=WHY, by=right, at=clock.now())


@pytest.mark.parametrize("token", ["", "-", "1", "99999999999999999999-abc", "1-ü", "9-" + "a" * 40, "１-abc"])
def test_what_is_no_token_is_refused(db, ana, token):
    with pytest.raises(guard.BadToken):
        guard.confirm(token, reason=WHY, by=ana, at=clock.now())


def test_a_reason_is_needed(target, client_of_redis, right):
    put(client_of_redis, STALE)

    with pytest.raises(Invalid, match="at least 10 characters"):
        guard.confirm(guard.token_of(preview(right)), reason="  stuck  ", by=right, at=clock.now())


def test_without_the_right_nothing_is_even_shown(client, target, ana):
    client.force_login(ana)

    answer = client.post(reverse("diagnostic-run", args=["kill-stale"]), {"target": "jobs"})

    assert answer.status_code == 403
    assert not DiagnosticRun.objects.exists()


def test_a_right_that_was_taken_away_meanwhile_is_gone(target, client_of_redis, right):
    put(client_of_redis, STALE)
    found = preview(right)
    ChangeRight.objects.all().delete()

    with pytest.raises(NotAllowed):
        guard.confirm(guard.token_of(found), reason=WHY, by=right, at=clock.now())


@pytest.fixture
def tier_1(target):
    team = Team.objects.create(name="Core", slug="core")
    target.service = Service.objects.create(name="agent-worker", slug="agent-worker", team=team, tier=1)
    target.save()
    return target


def test_on_tier_1_a_second_person_has_to_agree(tier_1, client_of_redis, right, ben):
    put(client_of_redis, STALE)
    ChangeRight.objects.create(user=ben, given_at=clock.now())
    found = preview(right)

    with pytest.raises(guard.NeedsSecond):
        confirmed(found, right)
    with pytest.raises(DomainError, match="another one"):
        guard.second(found.pk, by=right, at=clock.now())
    guard.second(found.pk, by=ben, at=clock.now())

    assert confirmed(found, right).finding == "Killed 3 stale jobs"
    assert not Decision.objects.exists()


def test_who_is_alone_gives_a_reason_that_stands_in_the_decision_log(tier_1, client_of_redis, right):
    put(client_of_redis, STALE)

    confirmed(preview(right, about="incident:7"), right, alone=True)

    [decision] = Decision.objects.all()
    assert (decision.kind, decision.about, decision.by) == ("changed_alone", "incident:7", right)
    assert WHY in decision.reason


def test_a_drill_changes_nothing_outside_staging(target, client_of_redis, right):
    put(client_of_redis, STALE)
    guard.practice_subjects.put("test", lambda about: about == "incident:23")
    try:
        found = preview(right, about="incident:23")
        with pytest.raises(DomainError, match="This is a drill"):
            confirmed(found, right)
        Target.objects.update(stage="staging")
        found.refresh_from_db()
        found.run.target.refresh_from_db()
        assert confirmed(found, right).finding == "Killed 3 stale jobs"
    finally:
        guard.practice_subjects._things.pop("test")


def test_the_audit_row_stands_before_the_act_and_a_crash_there_is_never_done_twice(target, client_of_redis, right):
    put(client_of_redis, STALE)
    found = preview(right, about="incident:7")
    act = guard.confirm(guard.token_of(found), reason=WHY, by=right, at=clock.now())
    found.refresh_from_db()
    assert (found.reason, found.act, found.confirmed_at is not None) == (WHY, act, True)
    assert any(WHY in entry.text for entry in journal.entries("incident:7"))

    due.claim("work", timezone.now())  # the worker dies here, after the audit row and before the act
    DiagnosticRun.objects.filter(pk=act.pk).update(state="running", started_at=clock.now())
    Due.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    due.run("work")
    due.run("work")

    act.refresh_from_db()
    assert (act.state, act.severity) == ("lost", "bad")
    assert "look at each item" in act.finding
    assert client_of_redis.zcard("jobs:running") == 4
    with pytest.raises(guard.AlreadyConfirmed):
        guard.confirm(guard.token_of(found), reason=WHY, by=right, at=clock.now())
    with pytest.raises(DomainError, match="never run again"):
        runs.again(act, by=right, at=clock.now())


def test_a_frozen_redis_in_the_middle_of_the_act_is_said(target, client_of_redis, redis_server, right):
    from tests.runbooks.looking import frozen

    put(client_of_redis, STALE)
    found = preview(right)
    with frozen(redis_server.process.pid):
        act = confirmed(found, right)

    assert act.severity == "bad"
    assert act.result["next_step"]


def test_at_most_a_hundred_are_touched_at_once(target, client_of_redis, right):
    put(client_of_redis, {f"job-{n:03}": 400 + n for n in range(130)})

    found = preview(right)

    assert len(found.items) == 100
    assert "30 more are left" in found.run.finding


def test_the_database_refuses_a_confirmation_without_reason_or_run(target, client_of_redis, right):
    put(client_of_redis, STALE)
    found = preview(right)

    with pytest.raises(IntegrityError), transaction.atomic():
        Preview.objects.filter(pk=found.pk).update(confirmed_at=clock.now())


def test_the_page_asks_for_the_reason_and_says_what_came_of_it(client, target, client_of_redis, right):
    put(client_of_redis, STALE)
    client.force_login(right)
    asked = client.post(reverse("diagnostic-run", args=["kill-stale"]), {"target": "jobs", "age": "300"})
    due.run("work")
    shown = client.get(asked["Location"]).content.decode()
    found = Preview.objects.get()
    assert "Kill 3 jobs on jobs" in shown
    assert guard.token_of(found) in shown

    answer = client.post(reverse("preview-confirm", args=[found.pk]), {"token": guard.token_of(found), "reason": WHY})
    due.run("work")

    assert "Killed 3 stale jobs" in client.get(answer["Location"]).content.decode()
    late = client.post(reverse("preview-confirm", args=[found.pk]), {"token": guard.token_of(found), "reason": WHY})
    assert (late.status_code, "already confirmed this" in late.content.decode()) == (409, True)


def test_nobody_else_is_shown_the_token(client, target, client_of_redis, right, ben):
    put(client_of_redis, STALE)
    found = preview(right)
    client.force_login(ben)

    assert guard.token_of(found) not in client.get(found.run.get_absolute_url()).content.decode()
    assert client.get(f"/api/previews/{found.pk}/").json()["token"] == ""


def test_the_same_by_the_api(client, target, client_of_redis, right):
    put(client_of_redis, STALE)
    client.force_login(right)
    asked = client.post("/api/diagnostics/kill-stale/runs/", {"target": "jobs"}, content_type="application/json")
    assert asked.status_code == 201
    due.run("work")
    found = client.get(f"/api/previews/{Preview.objects.get().pk}/").json()

    answer = client.post(f"/api/previews/{found['id']}/confirm/", {"token": found["token"], "reason": WHY}, content_type="application/json")
    due.run("work")

    assert answer.status_code == 201
    assert client.get(f"/api/runs/{answer.json()['id']}/").json()["finding"] == "Killed 3 stale jobs"


def test_a_killed_worker_that_had_begun_the_act_does_not_begin_it_again(target, client_of_redis, right):
    put(client_of_redis, STALE)
    act = guard.confirm(guard.token_of(preview(right)), reason=WHY, by=right, at=clock.now())
    [row] = due.claim("work", clock.now())
    DiagnosticRun.objects.filter(pk=act.pk).update(state="running", started_at=clock.now())

    working.work(row, clock.now())  # the row comes back to somebody else

    act.refresh_from_db()
    assert act.state == "lost"
    assert client_of_redis.zcard("jobs:running") == 4
