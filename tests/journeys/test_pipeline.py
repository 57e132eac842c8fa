"""The live pipeline: agents → Prometheus → Alertmanager → this portal → a mail server. Every program is the real one.

Shipped rules and routes with short times. The way there and back is part of every run; what takes longer is left to `make prove`.
Between Alertmanager and the portal stands a relay that notes when each POST arrived, and can be told to answer slowly.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from django.db import connection

from tests import servers
from tests.conftest import REPOSITORY_ROOT
from tests.journeys.conftest import started
from tests.journeys.running import Mailbox, eventually

pytestmark = [pytest.mark.servers, pytest.mark.pipeline]

DEPLOY = REPOSITORY_ROOT / "deploy"
WAVES, WAVE = 3, 15  # alerts whose way to the mail server is timed; a wave of twenty would be a storm


class Agents:
    """Three exporters, each of which can be away."""

    def __init__(self) -> None:
        self.ports = [servers.free_port() for _ in range(3)]
        self.processes: dict[int, subprocess.Popen] = {}
        for number in range(3):
            self.start(number)

    @property
    def targets(self) -> list[str]:
        return [f"{servers.LOOPBACK}:{port}" for port in self.ports]

    def start(self, number: int) -> None:
        command = [sys.executable, str(DEPLOY / "demo/exporter.py"), "--port", str(self.ports[number])]
        self.processes[number] = subprocess.Popen(command)
        servers.wait_for_port(self.ports[number])

    def stop(self, number: int) -> None:
        process = self.processes.pop(number)
        process.kill()
        process.wait()

    def close(self) -> None:
        for number in list(self.processes):
            self.stop(number)


class Relay:
    """Hands each request on to the portal as it came, headers and all."""

    def __init__(self, portal_url: str) -> None:
        relay = self
        self.arrived: list[tuple[float, dict]] = []
        self.slow = 0.0  # seconds that an answer is held back

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                arrived = time.time()
                body = self.rfile.read(int(self.headers["Content-Length"]))
                relay.arrived.append((arrived, json.loads(body)))
                headers = {name: value for name, value in self.headers.items() if name.lower() not in {"host", "connection"}}
                try:
                    answer = httpx.post(portal_url + self.path, content=body, headers=headers, timeout=30)
                    status, text = answer.status_code, answer.content
                except httpx.HTTPError:
                    status, text = 502, b"{}"
                time.sleep(relay.slow)
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text)
                except OSError:
                    pass  # Alertmanager went away while it waited

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.port = servers.free_port()
        self.server = ThreadingHTTPServer((servers.LOOPBACK, self.port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class TimedMailbox(Mailbox):
    """Also notes when DATA of each mail came."""

    def __init__(self) -> None:
        self.times: list[tuple[float, str]] = []
        super().__init__()

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        at = time.time()
        answer = await super().handle_DATA(server, session, envelope)
        self.times.append((at, self.mails[-1]["Subject"]))
        return answer


@pytest.fixture(scope="module")
def mailbox():
    box = TimedMailbox()
    yield box
    box.close()


@pytest.fixture(scope="module")
def portal(mailbox, jobs, broker, request):
    """Times are short, and pages are not bundled: each is to be timed."""
    for program, package in (("prometheus", "prometheus"), ("prometheus-alertmanager", "prometheus-alertmanager")):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed: apt install {package}")
    quick = {"EVERY": "2s", "APART": "2s", "UPTIME": "2s", "NOTICE": "4s"}
    settings = {f"PORTAL_RECONCILE_{name}": value for name, value in quick.items()}
    running = started(mailbox, jobs, broker, request, PORTAL_PAGES_BUNDLED_WITHIN="0", PORTAL_DESTINATION_LIMIT="0", **settings)
    yield running
    running.close()


def shortened_rules() -> str:
    text = (DEPLOY / "prometheus/agent.rules.yml").read_text()
    text = re.sub(r"for: \d+m", "for: 1s", text)
    return re.sub(r"\[\d+m\]", "[6s]", text)


def shortened_routes(url: str, token_file) -> str:
    text = (DEPLOY / "alertmanager/alertmanager.yml").read_text()
    text = text.replace("https://standby.example.org", url).replace("/etc/alertmanager/standby_token", str(token_file))
    text = re.sub(r"group_wait: \d+\w", "group_wait: 1s", text)
    text = re.sub(r"group_interval: \d+\w", "group_interval: 2s", text)
    return re.sub(r"repeat_interval: \d+\w", "repeat_interval: 5s", text)


class Pipeline:
    def __init__(self, portal, mailbox, folder) -> None:
        self.portal, self.mailbox = portal, mailbox
        token = portal.manage("create_source", "main", "--default-service", "agent-api").split()[-1]
        (folder / "token").write_text(token)
        self.agents, self.relay = Agents(), Relay(portal.url)
        routes, template = (
            shortened_routes(f"http://127.0.0.1:{self.relay.port}", folder / "token"),
            (DEPLOY / "alertmanager/standby.tmpl").read_text(),
        )
        self.manager, self.other = servers.Alertmanager(routes, template), servers.Alertmanager(routes, template)
        self.prometheus = servers.Prometheus(shortened_rules(), self.agents.targets, [self.manager.address, self.other.address])
        api_token = portal.manage("create_token", "pipeline", "--role", "responder").split()[-1]
        self.api = httpx.Client(base_url=portal.url, headers={"Authorization": f"Bearer {api_token}"}, timeout=20)

    def close(self) -> None:
        for part in (self.prometheus, self.manager, self.other, self.relay, self.agents):
            part.close()

    def incident(self, title: str) -> dict | None:
        found = self.api.get("/api/incidents/?page_size=100").json()["results"]
        return next((each for each in found if title in each["title"]), None)

    def count(self, title: str) -> int:
        return sum(title in each["title"] for each in self.api.get("/api/incidents/?page_size=100").json()["results"])

    def firing(self, name: str) -> set[str]:
        """Instances of that alert whose episode is open, as the portal has it."""
        episodes = f"Episode.objects.filter(ended_at=None, alert__name='{name}')"
        code = f"import json; from incidents.models import Episode; print(json.dumps([e.alert.labels.get('instance') for e in {episodes}]))"
        return set(json.loads(self.portal.shell(code)))

    def posts(self, name: str, status: str = "") -> list[tuple[float, dict]]:
        told = [(at, body) for at, body in list(self.relay.arrived) if any(each["labels"].get("alertname") == name for each in body["alerts"])]
        return [(at, body) for at, body in told if not status or body["status"] == status]

    def post_alerts(self, manager, names: list[str], **labels: str) -> None:
        """Straight to Alertmanager, as Prometheus does it."""
        now = datetime.now(UTC)
        told = [
            {
                "labels": {"alertname": name, "severity": "critical", "service": "agent-api", **labels},
                "annotations": {"summary": f"{name} is on its way"},
                "startsAt": now.isoformat(),
                "endsAt": (now + timedelta(minutes=5)).isoformat(),
            }
            for name in names
        ]
        httpx.post(f"{manager.url}/api/v2/alerts", json=told, timeout=10).raise_for_status()


@pytest.fixture(scope="module")
def pipeline(portal, mailbox, tmp_path_factory):
    made = Pipeline(portal, mailbox, tmp_path_factory.mktemp("pipeline"))
    yield made
    made.close()


OUTAGE = "AgentCompleteOutage"


@pytest.fixture
def passed():
    """Notes what was passed, and when; printed at the end."""
    told, began = [], time.monotonic()
    yield lambda what: told.append(f"{time.monotonic() - began:6.1f} s  {what}")
    print("\n" + "\n".join(told))


@pytest.mark.once
def test_an_alert_goes_the_whole_way_and_back(pipeline, mailbox, portal, passed):
    agents, target = pipeline.agents, pipeline.agents.targets

    eventually(lambda: pipeline.posts("Watchdog"), 30)
    agents.stop(0)
    incident = eventually(lambda: pipeline.incident("does not answer"), 30)
    eventually(lambda: mailbox.to(portal.email, f"({incident['reference']})"), 20)
    assert pipeline.firing(OUTAGE) == {target[0]}
    passed("firing: one incident, its mail was taken")

    agents.stop(1)
    eventually(lambda: pipeline.firing(OUTAGE) == {target[0], target[1]}, 30)
    assert (pipeline.count("does not answer"), len(mailbox.to(portal.email, "does not answer"))) == (1, 1)
    passed("group: a second instance joins, nobody is mailed again")

    senders = {body["externalURL"] for _, body in pipeline.posts(OUTAGE)}
    assert senders == {pipeline.manager.url, pipeline.other.url}
    passed("two Alertmanagers that do not know each other: one incident")

    agents.start(0)
    eventually(lambda: pipeline.firing(OUTAGE) == {target[1]}, 30)
    assert pipeline.incident("does not answer")["quiet_since"] is None
    passed("partial resolve: one ended, the incident is not quiet")

    agents.start(1)
    eventually(lambda: pipeline.firing(OUTAGE) == set(), 40)
    eventually(lambda: pipeline.incident("does not answer")["quiet_since"], 30)
    assert pipeline.incident("does not answer")["status"] == "triage"
    passed("resolved: quiet, and waits for a person")


@pytest.mark.slow
def test_whatever_stops_in_between_it_stays_one_incident_and_one_mail(pipeline, mailbox, portal, passed):
    agents, target = pipeline.agents, pipeline.agents.targets
    agents.stop(1)
    eventually(lambda: pipeline.firing(OUTAGE) == {target[1]}, 40)
    eventually(lambda: mailbox.to(portal.email, "does not answer"), 20)
    passed("firing")

    seen = len(pipeline.posts(OUTAGE))
    eventually(lambda: len(pipeline.posts(OUTAGE)) >= seen + 2, 30)
    assert (pipeline.firing(OUTAGE), len(mailbox.to(portal.email, "does not answer"))) == ({target[1]}, 1)
    passed("repeat: posted again, nothing new")

    pipeline.manager.kill()
    pipeline.manager.start()
    pipeline.prometheus.stop()
    pipeline.prometheus.start()
    seen = len(pipeline.posts(OUTAGE))
    eventually(lambda: len(pipeline.posts(OUTAGE)) >= seen + 2, 40)
    assert (pipeline.firing(OUTAGE), pipeline.count("does not answer")) == ({target[1]}, 1)
    passed("Alertmanager killed, Prometheus restarted: still one incident")

    portal.stop()
    agents.stop(2)
    seen = len(pipeline.relay.arrived)
    eventually(lambda: len(pipeline.relay.arrived) > seen + 2, 30)
    portal.start()
    eventually(portal.answers, 60)
    eventually(lambda: pipeline.firing(OUTAGE) == {target[1], target[2]}, 40)
    assert (pipeline.count("does not answer"), len(mailbox.to(portal.email, "does not answer"))) == (1, 1)
    passed("portal down while it fired, and back: what was missed arrived")

    pipeline.relay.slow = 6
    seen = len(pipeline.posts(OUTAGE))
    agents.start(1)
    eventually(lambda: len(pipeline.posts(OUTAGE)) >= seen + 4, 60)
    eventually(lambda: pipeline.firing(OUTAGE) == {target[2]}, 30)
    pipeline.relay.slow = 0
    assert pipeline.count("does not answer") == 1
    passed("slow answers: sent again and again, worked off once")

    agents.start(2)
    eventually(lambda: pipeline.firing(OUTAGE) == set(), 40)
    eventually(lambda: pipeline.incident("does not answer")["quiet_since"], 30)
    passed("resolved: quiet")


@pytest.mark.slow
def test_an_end_that_was_lost_with_alertmanagers_state_is_found_by_asking(pipeline, portal):
    shell = "from incidents.models import Source; from incidents.alerts import asking; from portal import clock;"
    urls = f"{pipeline.manager.url}\\n{pipeline.other.url}"
    agents, target = pipeline.agents, pipeline.agents.targets
    agents.stop(0)
    eventually(lambda: pipeline.firing(OUTAGE) == {target[0]}, 40)

    pipeline.relay.slow = 0
    for manager in (pipeline.manager, pipeline.other):
        manager.kill(and_forget=True)
    agents.start(0)
    time.sleep(9)  # until Prometheus no longer sends the end: 4 × its resend delay
    pipeline.manager.start()
    pipeline.other.start()
    time.sleep(1)
    assert pipeline.firing(OUTAGE) == {target[0]}, "nobody told of the end"
    portal.shell(f"{shell} Source.objects.update(api_urls='{urls}'); asking.schedule(clock.now())")

    eventually(lambda: pipeline.firing(OUTAGE) == set(), 40)
    how = portal.shell(
        "from incidents.models import Episode; print(Episode.objects.exclude(ended_at=None).order_by('-ending_received_at')[0].ended_how)"
    )
    assert how == "at_source"


def latencies(pipeline, mailbox, prefix: str) -> list[float]:
    """From the arrival of each Alertmanager's POST at our door to DATA at the mail server, seconds, sorted."""
    names = [f"{prefix}{number:02d}" for number in range(WAVES * WAVE)]
    for wave in range(WAVES):
        quieten(pipeline)
        for name in names[wave * WAVE : (wave + 1) * WAVE]:
            pipeline.post_alerts(pipeline.manager, [name])
            time.sleep(0.1)
        eventually(lambda wave=wave: len({subject for _, subject in mailbox.times if prefix in subject}) == (wave + 1) * WAVE, 30)
    found = []
    for name in names:
        posted = min(at for at, _ in pipeline.posts(name))
        mailed = min(at for at, subject in mailbox.times if f"{name} is" in subject)
        found.append(mailed - posted)
    return sorted(found)


def told_latency(found: list[float], what: str) -> None:
    print(f"\nPOST to DATA, {what}, {connection.vendor}: p50 {found[len(found) // 2]:.2f} s, p99 {found[-1]:.2f} s, n {len(found)}")


def quieten(pipeline) -> None:
    """No storm: the burst is to page singly."""
    pipeline.portal.shell("from incidents.models import Incident; Incident.objects.update(opened_from='')")


@pytest.mark.slow
def test_from_the_post_to_the_mail_it_takes_less_than_two_seconds(pipeline, mailbox, monkeypatch):
    found = latencies(pipeline, mailbox, "Quick")

    told_latency(found, "doorbell" if connection.vendor == "postgresql" else "one machine")
    assert found[-1] < 2


@pytest.mark.slow
@pytest.mark.only_on("postgresql")
def test_with_a_frozen_redis_it_takes_less_than_three(pipeline, mailbox, broker):
    broker.process.send_signal(signal.SIGSTOP)
    try:
        found = latencies(pipeline, mailbox, "Frozen")
    finally:
        broker.process.send_signal(signal.SIGCONT)

    told_latency(found, "Redis frozen")
    assert found[-1] < 3
