"""A worker killed with -9 in the middle of a look or of an act: the run ends as lost, nothing is done twice, and the worker that follows goes on."""

from __future__ import annotations

import pytest
import redis

from tests.journeys.running import eventually
from tests.runbooks.looking import frozen

pytestmark = pytest.mark.servers
RUN = "from runbooks.models import DiagnosticRun as R; r = R.objects.get(pk={}); print(r.state, r.finding)"

RIGHT = "from runbooks.models import ChangeRight; from portal import clock; ChangeRight.objects.create(user_id=1, given_at=clock.now())"


def state(portal, pk: int) -> str:
    return portal.shell(RUN.format(pk))


def started(portal, client, pk: int) -> None:
    eventually(lambda: client.get(f"/api/runs/{pk}/").json()["state"] == "running", 30)
    portal.kill_workers()


def test_a_worker_killed_in_the_middle_leaves_lost_and_never_does_it_twice(portal, jobs):
    client = portal.signed_in()
    headers = {"X-CSRFToken": client.cookies.get("csrftoken", ""), "Referer": portal.url}
    with redis.Redis(port=jobs.port, decode_responses=True) as server:
        now = server.time()[0]
        server.zadd("jobs:running", {"abc-123": now - 450, "def-456": now - 380})
        portal.shell(RIGHT)

        with frozen(jobs.process.pid):
            look = client.post("/api/diagnostics/redis-health/runs/", json={}, headers=headers).json()["id"]
            started(portal, client, look)
            eventually(lambda: state(portal, look).startswith("lost"), 60)

        asked = client.post("/api/diagnostics/kill-stale/runs/", json={}, headers=headers).json()["id"]
        eventually(lambda: state(portal, asked).startswith("done"), 60)
        preview = portal.shell(f"from runbooks.models import Preview; print(Preview.objects.get(run={asked}).pk)")
        token = client.get(f"/api/previews/{preview}/").json()["token"]
        with frozen(jobs.process.pid):
            body = {"token": token, "reason": "Held by workers of the old release"}
            act = client.post(f"/api/previews/{preview}/confirm/", json=body, headers=headers).json()["id"]
            started(portal, client, act)
            eventually(lambda: state(portal, act).startswith("lost Lost with its worker in the middle of the act"), 60)

        assert server.zrange("jobs:running", 0, -1) == ["abc-123", "def-456"]
        assert client.post(f"/api/previews/{preview}/confirm/", json=body, headers=headers).json()["code"] == "already_confirmed"
        again = client.post("/api/diagnostics/stale-jobs/runs/", json={"parameters": {"age": 300}}, headers=headers).json()["id"]
        eventually(lambda: state(portal, again).startswith("done 2 stale jobs"), 60)
