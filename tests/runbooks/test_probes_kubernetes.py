"""Kubernetes by answers in the API's shapes, served by a real HTTP server (a fake cluster: none can be had here); recorded changes; git."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta

import pytest

from oncall.models import Service, Team
from portal import clock
from portal.errors import Invalid
from runbooks import changes
from runbooks.models import Change, Target
from tests import servers
from tests.conftest import REPOSITORY_ROOT
from tests.runbooks.looking import frozen, is_a_finding, look
from tests.runbooks.recorded_kubernetes import TOKEN

pytestmark = [pytest.mark.django_db, pytest.mark.servers, pytest.mark.once]
OF_KUBERNETES = {"rollouts": {}, "pods": {}, "events": {}, "pod-errors": {}}


@pytest.fixture(scope="module")
def cluster():
    port = servers.free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.runbooks.recorded_kubernetes", str(port)], cwd=REPOSITORY_ROOT)
    servers.wait_for_port(port)
    yield process, port
    process.kill()
    process.wait()


@pytest.fixture
def target(cluster):
    return Target.objects.create(slug="prod", kind="kubernetes", host="127.0.0.1", port=cluster[1], secret=TOKEN, options={"namespace": "agents"})


def test_revisions_newest_first(target):
    run = look("rollouts", target)

    assert [row[0] for row in run.result["rows"]] == [2, 1]
    assert "agent-api:1.5.2" in run.finding


def test_pods_that_are_not_ready_say_why(target):
    run = look("pods", target)

    assert is_a_finding(run)
    assert run.finding == "1 of 3 pods are not ready, agent-api-2abc-x2: CrashLoopBackOff, last OOMKilled"
    assert [row[0] for row in run.result["rows"]] == ["agent-api-2abc-x2", "agent-worker-9-y1"]


def test_warnings_of_the_namespace(target):
    assert look("events", target).finding == "1 warnings in 60 min, the last: BackOff of Pod agent-api-2abc-x2"


def test_errors_in_the_logs_of_a_deployment(target):
    run = look("pod-errors", target)

    assert run.result["document"] == {"total_errors": 8, "top_errors": [{"type": "APITimeoutError", "count": 8, "percentage": 100.0}]}


@pytest.mark.parametrize("slug", OF_KUBERNETES)
def test_a_frozen_cluster_is_a_finding(target, cluster, slug):
    with frozen(cluster[0].pid):
        assert is_a_finding(look(slug, target, at_most=12))


@pytest.mark.parametrize("slug", OF_KUBERNETES)
def test_a_cluster_that_refuses_is_a_finding(target, slug):
    Target.objects.update(port=servers.free_port())

    assert is_a_finding(look(slug, target, at_most=5))


@pytest.mark.parametrize("slug", OF_KUBERNETES)
def test_a_wrong_token_is_a_finding_that_does_not_show_it(target, slug):
    target.secret = "another-token-77aa"
    target.save()

    run = look(slug, target)

    assert is_a_finding(run)
    assert "another-token" not in run.output + run.finding


def test_another_namespace_is_a_finding(target):
    Target.objects.update(options={"namespace": "nowhere"})

    assert "no such namespace" in look("pods", target).finding


def told(**fields):
    now = clock.now()
    return changes.record(**{"title": "Release", "key": "build-1", "at": now - timedelta(minutes=20), "by": None, "now": now} | fields)


def test_a_change_is_told_once(db):
    first, is_new = told()
    second, is_new_again = told(title="Release, told again")

    assert (is_new, is_new_again, first) == (True, False, second)
    assert Change.objects.get().title == "Release"


def test_a_pipeline_tells_by_the_api(client, ana):
    client.force_login(ana)
    body = {"title": "Release 1.5.2", "key": "build-77", "version": "1.5.2"}

    answers = [client.post("/api/changes/", body, content_type="application/json").status_code for _ in range(2)]

    assert answers == [201, 200]


@pytest.mark.parametrize("fields", [{"service": "nowhere"}, {"at": clock.now() + timedelta(hours=1)}, {"at": clock.now() - timedelta(days=900)}])
def test_a_change_that_cannot_be_is_refused(db, fields):
    with pytest.raises(Invalid):
        told(**fields)


def test_recent_changes_of_all_three_sources(target, tmp_path):
    team = Team.objects.create(name="Core", slug="core")
    Service.objects.create(name="agent-api", slug="agent-api", team=team)
    told(service="agent-api", version="1.5.2")
    told(key="old", at=clock.now() - timedelta(hours=9))
    assert look("recent-deploys").result["numbers"]["changes"] == 1
    with_cluster = look("recent-deploys", target)
    assert {row[1] for row in with_cluster.result["rows"]} == {"Deployment", "Rollout"}
    repository = git(tmp_path)

    with_git = look("recent-deploys", Target.objects.create(slug="repository", kind="git", path=repository))

    assert any(row[1] == "Commit" and "Raise the pool" in row[3] for row in with_git.result["rows"])


def git(folder) -> str:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    for arguments in (
        ["init", "-q"],
        ["-c", "user.name=Ana", "-c", "user.email=ana@example.org", "commit", "-q", "--allow-empty", "-m", "Raise the pool"],
    ):
        subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True)
    return str(folder)


def test_a_folder_that_is_no_repository_is_a_finding(tmp_path):
    assert is_a_finding(look("recent-deploys", Target.objects.create(slug="repository", kind="git", path=str(tmp_path / "nowhere"))))
