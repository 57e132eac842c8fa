"""Diagnostics: one definition, honest output, a run that is never done twice by itself."""

from __future__ import annotations

import json
import signal
import time
from datetime import timedelta
from io import StringIO

import pytest
import redis
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from portal import due, journal
from portal.errors import DomainError, Invalid
from portal.models import Due
from runbooks.diagnostics import registry, runs
from runbooks.diagnostics.redaction import redact
from runbooks.models import DiagnosticRun, Target

pytestmark = pytest.mark.django_db


@pytest.fixture
def jobs(redis_server):
    """A Redis with three stale jobs and one fresh one; the target that names it."""
    target = Target.objects.create(slug="jobs", kind="redis", host="127.0.0.1", port=redis_server.port)
    with redis.Redis(port=redis_server.port) as client:
        now = client.time()[0]
        client.zadd("jobs:running", {"abc-123": now - 450, "def-456": now - 380, "ghi-789": now - 320, "new-000": now - 5})
    return target


def diagnose(*arguments):
    out = StringIO()
    call_command("diagnose", *arguments, stdout=out)
    return out.getvalue()


def without_ages(text):
    import re

    return re.sub(r"\d+s old", "Ns old", text)


def test_stale_jobs_are_listed_oldest_first_in_the_documented_shape(jobs):
    shown = diagnose("stale-jobs", "--age", "300")

    assert without_ages(shown) == "Found 3 stale jobs:\n  - abc-123: Ns old\n  - def-456: Ns old\n  - ghi-789: Ns old\n"
    assert "  - abc-123: 45" in shown


def test_a_job_is_stale_only_beyond_the_age(jobs):
    assert diagnose("stale-jobs", "--age", "1000") == "Found 0 stale jobs\n"


def test_json_carries_finding_rows_and_numbers(jobs):
    found = json.loads(diagnose("stale-jobs", "--age", "300", "--json"))

    assert found["finding"] == "3 stale jobs of 4 in processing"
    assert found["severity"] == "bad"
    assert [row[0] for row in found["rows"]] == ["abc-123", "def-456", "ghi-789"]
    assert found["numbers"]["running"] == 4


def test_an_age_that_is_no_age_is_refused_with_its_bounds(jobs):
    with pytest.raises(CommandError, match="age must be a whole number from 1 to 2592000"):
        diagnose("stale-jobs", "--age", "five")


def test_without_a_target_the_command_says_how_to_set_one_up():
    with pytest.raises(CommandError, match="PORTAL_REDIS_TARGET"):
        diagnose("stale-jobs")


def test_a_frozen_redis_is_a_finding_within_its_timeout(jobs, redis_server):
    redis_server.process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    try:
        shown = diagnose("stale-jobs")
    finally:
        redis_server.process.send_signal(signal.SIGCONT)

    assert "did not answer within 2 s" in shown
    assert "runbook “Redis down”" in shown
    assert time.monotonic() - began < 8


def test_a_redis_that_refuses_is_a_finding_without_its_address(jobs, redis_server):
    redis_server.process.kill()
    redis_server.process.wait()

    shown = diagnose("stale-jobs")

    assert "refused the connection" in shown
    assert str(redis_server.port) not in shown


def test_a_run_asked_for_on_an_incident_is_worked_and_told_there(jobs, ana, noon):
    run = runs.ask("stale-jobs", given={"age": "300"}, about="incident:7", by=ana, at=noon)

    due.run("work")

    run.refresh_from_db()
    assert (run.state, run.severity) == ("done", "bad")
    [entry] = journal.entries("incident:7")
    assert entry.text == "Stale jobs on jobs: 3 stale jobs of 4 in processing"
    assert entry.url == f"/diagnostics/runs/{run.pk}/"


def test_a_run_whose_worker_died_ends_as_lost_and_is_not_done_again(jobs, ana, noon):
    run = runs.ask("stale-jobs", given={}, about="incident:7", by=ana, at=noon)
    due.claim("work", timezone.now())  # and the worker dies here
    Due.objects.update(due_at=timezone.now() - timedelta(seconds=1))

    due.run("work")
    due.run("work")

    run.refresh_from_db()
    assert run.state == "lost"
    assert run.output == ""
    assert journal.entries("incident:7").count() == 1


def test_an_unknown_parameter_is_refused(jobs, ana, noon):
    with pytest.raises(Invalid, match="knows no parameter host"):
        runs.ask("stale-jobs", given={"host": "169.254.169.254"}, by=ana, at=noon)


def test_with_several_targets_one_has_to_be_named(jobs, ana, noon):
    Target.objects.create(slug="other", kind="redis", host="127.0.0.1", port=1)

    with pytest.raises(DomainError, match="choose one by name"):
        runs.ask("stale-jobs", given={}, by=ana, at=noon)


def test_the_button_on_an_incident_leads_back_to_it(client, jobs, ana):
    client.force_login(ana)

    response = client.post(reverse("diagnostic-run", args=["stale-jobs"]), {"about": "incident:7", "next": "/incidents/7/"})

    assert response["Location"] == "/incidents/7/"
    assert DiagnosticRun.objects.get().about == "incident:7"


@pytest.mark.parametrize("next_url", ["https://example.org/", "//example.org/", "/\\example.org", "javascript:alert(1)"])
def test_the_button_never_leads_to_another_host(client, jobs, ana, next_url):
    client.force_login(ana)

    response = client.post(reverse("diagnostic-run", args=["stale-jobs"]), {"next": next_url})

    assert response["Location"].startswith("/diagnostics/runs/")


def test_secrets_are_cut_out_of_output():
    text = "redis://:hunter2hunter2@db:6379 password=swordfish Authorization: Bearer abc.def"

    shown = redact(text, secrets=("hunter2hunter2",))

    assert "hunter2" not in shown
    assert "swordfish" not in shown
    assert "abc.def" not in shown


def test_the_list_names_everything_registered_with_its_last_finding(client, jobs, ana, noon):
    runs.ask("stale-jobs", given={}, by=ana, at=noon)
    due.run("work")
    client.force_login(ana)

    page = client.get("/diagnostics/").content.decode()

    assert f"{len(registry.diagnostics)} registered" in page
    assert "3 stale jobs of 4 in processing" in page
    assert all(slug in page for slug, _ in registry.diagnostics)
