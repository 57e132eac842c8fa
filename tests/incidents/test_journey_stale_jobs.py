"""From the alert to resolved: results wait on the page, the pattern is named, what is stuck is killed under the guard, the queue falls."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
import redis
from django.urls import reverse

from incidents.models import AutoRun, Incident
from oncall.models import Service, Team
from portal import clock, due, journal
from runbooks import changes, starting
from runbooks.diagnostics import guard
from runbooks.models import ChangeRight, Preview, Target
from tests.incidents.alerting import alert, crafted

pytestmark = [pytest.mark.django_db, pytest.mark.servers]
SLOTS = 3  # jobs that the workers can hold at once


class Workers:
    """They take jobs as documented, while a slot is free: three that hang hold all of them."""

    def __init__(self, port: int) -> None:
        self.server, self.stop = redis.Redis(port=port, decode_responses=True), threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self) -> None:
        while not self.stop.wait(0.002):
            if self.server.zcard("jobs:running") >= SLOTS:
                continue
            job = self.server.rpop("queue:agents")
            if job:
                self.server.zadd("jobs:running", {job: time.time()})
                self.server.zrem("jobs:running", job)

    def close(self) -> None:
        self.stop.set()
        self.thread.join(2)
        self.server.close()


@pytest.fixture
def stuck(redis_server, tmp_path):
    """A Redis whose three slots are held by jobs that hang, with 60 jobs waiting; a log in which one type of error rules."""
    with redis.Redis(port=redis_server.port, decode_responses=True) as server:
        now = server.time()[0]
        for job, age in {"abc-123": 450, "def-456": 380, "ghi-789": 320}.items():
            server.zadd("jobs:running", {job: now - age})
            server.hset(
                f"job:{job}", mapping={"state": "running", "type": "reply", "queue": "agents", "started_at": now - age, "heartbeat_at": now - age}
            )
        server.sadd("queues", "agents")
        for number in range(60):
            server.hset(f"job:w-{number}", mapping={"state": "queued", "type": "reply", "queued_at": now - 400})
            server.lpush("queue:agents", f"w-{number}")
    at = clock.now() - timedelta(minutes=5)
    lines = [f"{at + timedelta(seconds=n):%Y-%m-%dT%H:%M:%S}Z ERROR agent.run AttributeError: no column `tenant`" for n in range(40)]
    (tmp_path / "agent.log").write_text("\n".join(lines) + "\n")
    team = Team.objects.create(name="Workers", slug="workers")
    service, _ = Service.objects.update_or_create(slug="runner", defaults={"name": "runner", "team": team, "tier": 1})
    Target.objects.create(slug="jobs", kind="redis", host="127.0.0.1", port=redis_server.port, service=service)
    Target.objects.create(slug="agent-log", kind="log", path=str(tmp_path / "agent.log"), service=service)
    workers = Workers(redis_server.port)
    yield service
    workers.close()


def test_from_the_alert_to_resolved(client, sender, ana, ben, stuck):
    now = clock.now()
    starting.lay_out(now)
    for slug in ("stale-jobs", "queue-depth", "errors", "recent-deploys"):
        AutoRun.objects.create(alertname="AgentQueueBacklog", diagnostic=slug)
    for person in (ana, ben):
        ChangeRight.objects.create(user=person, given_at=now)
    changes.record(title="agent-worker", version="1.5.2", key="build-77", service="runner", at=now - timedelta(minutes=20), by=None, now=now)

    # The alert opens the incident; the results are there before anybody is.
    sender.deliver(crafted(alert("AgentQueueBacklog", at=now - timedelta(minutes=6))), now)
    incident = Incident.objects.get()
    due.run("work")
    client.force_login(ana)
    page = client.get(f"/incidents/{incident.pk}/").content.decode()
    assert "3 stale jobs of 3 in processing" in page
    assert "60 jobs wait in 1 queues" in page
    assert "40 errors, AttributeError 100.0 %" in page

    # What it looks like, and why.
    assert "Deployment gone wrong" in page
    assert "AgentQueueBacklog fires" in page
    assert "agent-worker 1.5.2" in page
    assert "/runbooks/deployment-rollback/" in page
    client.post(f"/incidents/{incident.pk}/ack/")

    # Kill what is stuck: shown, a second person agrees, confirmed with a reason.
    asked = client.post(reverse("diagnostic-run", args=["kill-stale"]), {"about": incident.subject, "next": f"/incidents/{incident.pk}/"})
    due.run("work")
    shown = client.get(asked["Location"]).content.decode()
    preview = Preview.objects.get()
    assert "Kill 3 jobs on jobs" in shown
    confirmation = {"token": guard.token_of(preview), "reason": "Held by workers of the release before"}
    assert client.post(reverse("preview-confirm", args=[preview.pk]), confirmation).status_code == 409
    client.force_login(ben)
    client.post(reverse("preview-second", args=[preview.pk]))
    client.force_login(ana)
    answer = client.post(reverse("preview-confirm", args=[preview.pk]), confirmation)
    due.run("work")
    assert "Killed 3 stale jobs" in client.get(answer["Location"]).content.decode()

    # The slots are free: the queue falls to nothing.
    for _ in range(100):
        client.post(reverse("diagnostic-run", args=["queue-depth"]), {"about": incident.subject})
        due.run("work")
        page = client.get(f"/incidents/{incident.pk}/").content.decode()
        if "0 jobs wait in 1 queues" in page.replace("60 jobs", ""):
            break
        time.sleep(0.05)
    assert "0 jobs wait in 1 queues" in page.replace("60 jobs", "")

    # Resolved; the story holds who decided what and why.
    client.post(f"/incidents/{incident.pk}/status/", {"to": "resolved", "expected": "investigating"})
    incident.refresh_from_db()
    assert incident.status == "resolved"
    story = [entry.text for entry in journal.entries(incident.subject)]
    assert any("Held by workers of the release before" in text for text in story)
    assert any(text.startswith("Ben") or "agreed" in text.lower() for text in story)
    assert any("Killed 3 stale jobs" in text for text in story)
