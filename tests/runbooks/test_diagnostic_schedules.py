"""What runs by itself: asked for in time, once, never on top of itself, with its number over time in a line and in words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from portal import clock, due
from portal.errors import DomainError, Invalid
from portal.models import Due
from runbooks.diagnostics import checks, schedules, targets
from runbooks.models import DiagnosticRun, Schedule, Target

pytestmark = pytest.mark.django_db


@pytest.fixture
def target(db):
    return Target.objects.create(slug="jobs", kind="redis", host="127.0.0.1", port=1)


@pytest.fixture
def schedule(target, ana):
    return schedules.make("stale-jobs", given={"age": "60"}, target="jobs", every=timedelta(minutes=5), by=ana, at=clock.now())


def turn(at):
    """Whatever schedules are due at `at`."""
    for row in due.claim("work", at):
        if row.kind == schedules.ASK:
            due.work(row)
        else:
            due.postpone(row, at + timedelta(days=9))


def finished(schedule, *figures, severity="ok"):
    for figure in figures:
        now = clock.now()
        DiagnosticRun.objects.create(
            diagnostic="stale-jobs",
            target=schedule.target,
            schedule=schedule,
            state="done",
            severity=severity,
            figure=figure,
            queued_at=now,
            finished_at=now,
        )


def test_a_schedule_asks_for_a_run_each_time(schedule):
    now = clock.now()
    turn(now)
    DiagnosticRun.objects.update(state="done", finished_at=now)
    turn(now + timedelta(minutes=1))
    assert schedule.runs.count() == 1

    due_at = Due.objects.get(kind=schedules.ASK).due_at
    assert timedelta(minutes=4) < due_at - now < timedelta(minutes=6)
    run = schedule.runs.get()
    assert (run.origin, run.parameters, run.who) == ("schedule", {"age": 60}, "by schedule")


def test_a_run_that_is_still_on_is_not_asked_for_again(schedule):
    now = clock.now()
    turn(now)
    Due.objects.filter(kind=schedules.ASK).update(due_at=now)
    turn(now)

    assert schedule.runs.count() == 1


def test_two_beats_ask_once(schedule):
    now = clock.now()
    [row] = [row for row in due.claim("work", now) if row.kind == schedules.ASK]
    schedules.ask(row, now)
    schedules.ask(row, now)  # the same row in another's hands: its lease is gone

    assert schedule.runs.count() == 1


def test_a_paused_schedule_asks_for_nothing_until_it_goes_on(schedule):
    now = clock.now()
    schedules.switch(schedule.pk, on=False, at=now)
    turn(now + timedelta(hours=1))
    assert schedule.runs.count() == 0

    schedules.switch(schedule.pk, on=True, at=now)
    turn(now)
    assert schedule.runs.count() == 1


def test_a_diagnostic_that_is_gone_is_a_failed_run(schedule):
    Schedule.objects.update(diagnostic="gone-with-its-package")
    turn(clock.now())

    run = schedule.runs.get()
    assert (run.state, "no diagnostic" in run.finding) == ("failed", True)
    assert Due.objects.filter(kind=schedules.ASK).exists()


def test_only_what_reads_is_scheduled_and_not_more_often_than_each_minute(target, ana):
    with pytest.raises(DomainError, match="changes something"):
        schedules.make("kill-stale", given={}, target="jobs", every=timedelta(hours=1), by=ana, at=clock.now())
    with pytest.raises(Invalid):
        schedules.make("stale-jobs", given={}, target="jobs", every=timedelta(seconds=59), by=ana, at=clock.now())


def test_the_line_is_said_in_words_and_drawn(client, ana, schedule):
    finished(schedule, 3, 5, 12)

    client.force_login(ana)
    page = client.get(reverse("schedule-detail", args=[schedule.pk])).content.decode()

    assert "Rising from 3 to 12 over 3 runs, between 3 and 12; 0 of 3 not well." in page
    assert '<polyline class="ln" points="0.0,' in page


@pytest.mark.parametrize(
    ("figures", "said"), [((), "No line yet"), ((4,), "No line yet"), ((9, 2), "Falling from 9 to 2"), ((4, 4), "Level from 4 to 4")]
)
def test_what_the_line_says(schedule, figures, said):
    finished(schedule, *figures)

    assert schedules.words(schedules.history(schedule)).startswith(said)


def test_schedules_by_the_api(client, ana, target):
    client.force_login(ana)
    body = {"diagnostic": "stale-jobs", "target": "jobs", "parameters": {"age": 60}, "every_seconds": 300}

    made = client.post("/api/schedules/", body, content_type="application/json")

    assert (made.status_code, made.json()["every_seconds"]) == (201, 300)
    url = f"/api/schedules/{made.json()['id']}/"
    assert client.delete(url, headers={"If-Match": client.get(url)["ETag"]}).status_code == 204
    assert not Due.objects.filter(kind=schedules.ASK).exists()


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"kind": "redis", "host": "http://db/"}, "host"),
        ({"kind": "redis", "host": ""}, "host"),
        ({"kind": "redis", "host": "db", "database": "main"}, "database"),
        ({"kind": "log", "path": "relative.log"}, "path"),
        ({"kind": "log", "path": "/var/log/../../etc/shadow"}, "path"),
        ({"kind": "redis", "host": "db", "options": {"keys": "*"}}, "options"),
        ({"kind": "redis", "host": "db", "password_variable": "PORTAL_SECRET_KEY"}, "password_variable"),
        ({"kind": "redis", "host": "db", "password_variable": "PORTAL_TARGET_A", "secret": "both"}, "password_variable"),
    ],
)
def test_a_target_that_cannot_be_used_is_refused_beside_its_field(client, admin_user, fields, wrong):
    assert wrong in targets.problems(Target(slug="x", **fields))
    client.force_login(admin_user)
    form = {"slug": "x", "stage": "production", "options": "{}"} | fields
    form["options"] = '{"keys": "*"}' if fields.get("options") else "{}"

    answer = client.post("/admin/runbooks/target/add/", form)

    assert answer.status_code == 200
    assert wrong in answer.context["adminform"].form.errors


def test_doctor_names_what_cannot_be_reached_and_how_to_repair_it(redis_server, target, monkeypatch):
    Target.objects.create(slug="well", kind="redis", host="127.0.0.1", port=redis_server.port)
    Target.objects.create(slug="no-file", kind="log", path="/nowhere/at.log")
    Target.objects.create(slug="no-secret", kind="redis", host="127.0.0.1", port=redis_server.port, password_variable="PORTAL_TARGET_MISSING")

    found = {finding.says: (finding.level.value, finding.fix) for finding in checks.all_targets(clock.now())}

    assert found.pop("1 of 4 targets of diagnostics can be reached.")[0] == "green"
    assert sorted(says.split(":")[0].split(" cannot")[0] for says in found) == ["Target jobs", "Target no-file", "Target no-secret"]
    assert all(level == "amber" and fix for level, fix in found.values())
