"""What hangs, dies or talks too much holds no worker, and diagnostics of other people are loaded like ours."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from portal import clock, due
from portal.models import Due
from portal.search.find import find
from runbooks.diagnostics import comparing, probing, registry, runs, wire, working
from runbooks.models import DiagnosticRun, Target
from tests import laid_out
from tests.conftest import REPOSITORY_ROOT
from tests.runbooks.looking import look

pytestmark = [pytest.mark.django_db, pytest.mark.servers]
NAMES = ("hangs", "sleeps", "dies", "raises", "talks", "none", "eager", "unguarded")


@pytest.fixture(autouse=True)
def plugins(monkeypatch):
    monkeypatch.setenv("PORTAL_DIAGNOSTICS", ",".join(f"tests.runbooks.plugins:{name.upper()}" for name in NAMES))
    probing.forget_children()
    registry.load()
    yield
    probing.forget_children()
    for name in NAMES:
        registry.diagnostics._things.pop(name, None)
        registry.broken.pop(name, None)


def ran(slug, by=None, **given):
    run = runs.ask(slug, given=given, by=by, at=clock.now())
    began = time.monotonic()
    due.run("work")
    run.refresh_from_db()
    return run, time.monotonic() - began


@pytest.mark.parametrize("slug", ["hangs", "sleeps"])
def test_a_look_that_hangs_is_ended_and_the_worker_goes_on(slug):
    ran("talks")  # a process to look with is up

    run, took = ran(slug)

    assert (run.state, run.severity) == ("timed_out", "bad")
    assert "gave no answer within 1 s" in run.finding
    assert run.result["next_step"]
    assert took < 8
    assert ran("talks")[0].state == "done"


def test_a_look_that_ends_its_process_is_said():
    run, _ = ran("dies")

    assert (run.state, run.finding) == ("failed", "The process that looked ended in the middle of dies")


def test_a_fault_of_a_diagnostic_says_where_and_not_what():
    run, _ = ran("raises")

    assert (run.state, run.finding) == ("failed", "The diagnostic itself failed")
    assert "RuntimeError at runbooks/plugins.py:" in run.result["next_step"]
    assert "hunter2" not in str(run.result) + run.output


def test_output_is_redacted_and_capped_and_the_rest_is_a_file(client, ana):
    run, _ = ran("talks", by=ana, lines=2000)

    assert 20_000 <= len(run.output) < 20_100
    assert run.output.endswith("characters in the file")
    assert "abcdef1234567890" not in run.output + run.rest.text
    client.force_login(ana)
    page = client.get(run.get_absolute_url()).content.decode()
    assert "All of it" in page
    answer = client.get(reverse("diagnostic-output", args=[run.pk]))
    assert answer.content.decode().splitlines()[-1].startswith("line 1999 token=[redacted]")
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("text/plain; charset=utf-8", "nosniff")


def test_a_look_ends_at_once_when_its_worker_is_gone():
    child = probing.Child().ready()
    wire.send(child.input, {"diagnostic": "sleeps", "place": {}, "parameters": {}})
    time.sleep(0.2)  # it sleeps in the probe now, and reads nothing

    child.forget()  # as the end of the worker closes its pipes

    assert child.process.wait(timeout=5) == 0


def test_a_long_look_keeps_its_lease(monkeypatch):
    monkeypatch.setattr(working, "LEASE", timedelta(seconds=1.2))
    renewed = []
    monkeypatch.setattr(due, "renew", lambda row: renewed.append(row) or True)

    ran("sleeps")

    assert renewed


def test_a_cancelled_look_is_ended_and_writes_nothing(ana, monkeypatch):
    monkeypatch.setattr(working, "LEASE", timedelta(seconds=0.3))
    run = runs.ask("sleeps", given={}, by=ana, at=clock.now())
    [row] = due.claim("work", clock.now())
    monkeypatch.setattr(
        due, "renew", lambda row: (DiagnosticRun.objects.get(pk=run.pk).is_finished or runs.cancel(run.pk, by=ana, at=clock.now())) and False
    )

    working.work(row, clock.now())

    run.refresh_from_db()
    assert (run.state, run.finding) == ("cancelled", "Cancelled by Ana")
    assert not Due.objects.filter(kind=runs.RUN).exists()


def test_two_runs_never_look_at_one_target_at_once(redis_server, ana):
    target = Target.objects.create(slug="jobs", kind="redis", host="127.0.0.1", port=redis_server.port)
    DiagnosticRun.objects.create(diagnostic="stale-jobs", target=target, state="running", queued_at=clock.now(), started_at=clock.now())
    run = runs.ask("stale-jobs", given={}, by=ana, at=clock.now())
    [row] = due.claim("work", clock.now())

    working.work(row, clock.now())

    run.refresh_from_db()
    assert run.state == "queued"
    assert Due.objects.get(kind=runs.RUN, key=str(run.pk)).due_at > timezone.now()


def test_plugins_that_cannot_be_used_are_named_and_stop_nothing(client, admin_user):
    assert registry.broken["none"] == "TypeError: not a Diagnostic"
    assert "timeout must be from 1 to 120" in registry.broken["eager"]
    assert "needs an act" in registry.broken["unguarded"]
    client.force_login(admin_user)
    assert "eager could not be loaded" in client.get("/diagnostics/").content.decode()


def test_a_plugin_may_not_take_the_name_of_a_shipped_one(monkeypatch):
    monkeypatch.setenv("PORTAL_DIAGNOSTICS", "tests.runbooks.plugins:STALE_JOBS")
    import tests.runbooks.plugins as plugins

    monkeypatch.setattr(plugins, "STALE_JOBS", plugins.TALKS, raising=False)
    registry.load()

    assert "Two diagnostics are called 'stale-jobs'" in registry.broken.pop("stale-jobs")
    assert registry.find("stale-jobs").title == "Stale jobs"


@pytest.mark.once
def test_an_installed_package_adds_its_diagnostic_by_entry_point(tmp_path):
    """The example of docs/diagnostics-of-your-own.md, installed for real and run from the command line."""
    page = (REPOSITORY_ROOT / "docs/diagnostics-of-your-own.md").read_text()
    code = page.split("```python\n")[1].split("```")[0]
    (tmp_path / "acme_diagnostics.py").write_text(code)
    info = tmp_path / "acme_diagnostics-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-diagnostics\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[standby.diagnostics]\ndisk-space = acme_diagnostics:DISK_SPACE\n")
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{REPOSITORY_ROOT}", "PORTAL_DATA_DIR": str(tmp_path / "var"), "DATABASE_URL": ""}
    environment |= {"DJANGO_SETTINGS_MODULE": "portal.settings.base"}
    environment.pop("DATABASE_URL")

    def manage(*arguments):
        done = subprocess.run([sys.executable, "manage.py", *arguments], cwd=REPOSITORY_ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    (tmp_path / "var").mkdir()
    laid_out.lay_out(tmp_path / "var/standby.sqlite3")
    manage("migrate", "-v", "0")
    shown = manage("diagnose", "disk-space", "--percent", "100")

    assert "of the disk is used" in shown, textwrap.shorten(shown, 300)


def test_a_sick_run_is_shown_beside_the_last_healthy_one(client, ana, redis_server):
    import redis

    target = Target.objects.create(slug="jobs", kind="redis", host="127.0.0.1", port=redis_server.port)
    healthy = look("stale-jobs", target, age=300)
    with redis.Redis(port=redis_server.port) as server:
        server.zadd("jobs:running", {"abc-123": server.time()[0] - 450})
    sick = look("stale-jobs", target, age=300)

    lines = [(line.sign, line.text) for line in comparing.difference(healthy, sick)]
    assert lines[0] == ("-", "Found 0 stale jobs")
    assert lines[1] == ("+", "Found 1 stale jobs:")
    client.force_login(ana)
    assert "<ins>+ Found 1 stale jobs:</ins>" in client.get(sick.get_absolute_url()).content.decode()


def test_output_is_found_by_the_search_box_unless_its_subject_is_hidden(ana, redis_server):
    import redis

    Target.objects.create(slug="jobs", kind="redis", host="127.0.0.1", port=redis_server.port)
    with redis.Redis(port=redis_server.port) as server:
        server.zadd("jobs:running", {"zebra-crossing-77": server.time()[0] - 450})
    run = runs.ask("stale-jobs", given={}, about="incident:7", by=ana, at=clock.now())
    due.run("work")

    assert [hit.url for hit in find("zebra-crossing-77", user=ana).hits] == [run.get_absolute_url()]


def test_a_run_is_asked_for_again_with_the_same_parameters(client, ana, redis_server):
    target = Target.objects.create(slug="jobs", kind="redis", host="127.0.0.1", port=redis_server.port)
    first = look("stale-jobs", target, age=77)
    client.force_login(ana)

    client.post(reverse("diagnostic-run-again", args=[first.pk]))

    again = DiagnosticRun.objects.exclude(pk=first.pk).get()
    assert (again.diagnostic, again.parameters, again.asked_by) == ("stale-jobs", {"age": 77}, ana)
