"""Alert ingestion: this portal beside a raw upsert of the same rows and beside alerta-server, on one PostgreSQL, in one run.

    python -m benchmarks.ingest            the whole: growth to 1,000,000 stored alerts, a storm of 10,000
    python -m benchmarks.ingest --quick    within a minute or two: growth to 100,000, no peer

The same bodies for all three: Alertmanager's shape, 1, 10 and 100 alerts each, of a pool of 2,000 that fire and fire again. The web
servers are gunicorn with 2 sync workers; CPU is theirs, read from /proc, so PostgreSQL's own is in nobody's figure. Contestants take turns. Any
answer that is not 2xx makes a run invalid (exit 2). alerta-server also keeps a history and runs plug-ins; we also keep the raw body,
episodes, observations, an incident and its timeline. Exits 1 where a limit is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg2
from psycopg2.extras import Json, execute_values

from tests import servers

HERE = Path(__file__).resolve().parent.parent
SIZES = (1, 10, 100)
POOL = 2000
LIMITS = {"raw": {10: 4.0, 100: 4.0}, "alerta": {1: 2.0, 10: 4.0, 100: 8.0}}
GROWTH, QUIET, STORM = 1.5, 0.2, 1.5
TICKS = os.sysconf("SC_CLK_TCK")
NOW = datetime.now(UTC).isoformat()


def labels(number: int) -> dict[str, str]:
    return {
        "alertname": f"Bench{number % 20}",
        "service": "agent-api",
        "severity": "warning",
        "instance": f"10.0.{number // 250}.{number % 250}:9100",
        "environment": "Production",
        "cluster": "eu-1",
    }


def body(numbers: list[int]) -> bytes:
    alerts = [
        {
            "status": "firing",
            "labels": labels(number),
            "annotations": {"summary": f"Bench {number} is slow", "description": "It has been slow for five minutes."},
            "startsAt": NOW,
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus:9090/graph",
        }
        for number in numbers
    ]
    return json.dumps(
        {"version": "4", "groupKey": "{}", "status": "firing", "receiver": "standby", "externalURL": "http://am:9093", "alerts": alerts}
    ).encode()


def bodies(size: int, count: int, seed: int) -> list[bytes]:
    dice = random.Random(seed)
    return [body(dice.sample(range(POOL), size)) for _ in range(count)]


class Server:
    """gunicorn with two sync workers on a free port; its CPU seconds are those of its processes."""

    def __init__(self, python: str, app: str, environment: dict[str, str], folder: Path, *, cwd: Path) -> None:
        self.port = servers.free_port()
        command = [python, "-m", "gunicorn", app, "--bind", f"127.0.0.1:{self.port}", "-w", "2", "--worker-class", "sync", "--timeout", "120"]
        self.log = open(folder / f"{app.partition(':')[0]}.log", "wb")  # noqa: SIM115
        self.process = subprocess.Popen(command, env=environment, cwd=cwd, stdout=self.log, stderr=self.log)
        servers.wait_for_port(self.port, 60)

    def cpu(self) -> float:
        found = 0.0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError, IndexError):
                fields = stat.read_text().rpartition(")")[2].split()
                if int(fields[1]) == self.process.pid or stat.parent.name == str(self.process.pid):
                    found += (int(fields[11]) + int(fields[12])) / TICKS
        return found

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


class Invalid(Exception):
    """An answer that is not 2xx: the run proves nothing."""


def send(server: Server, path: str, headers: dict[str, str], told: list[bytes]) -> tuple[list[float], float]:
    """Latencies in seconds and CPU seconds a request. Raises: Invalid."""
    before, times = server.cpu(), []
    for raw in told:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        began = time.perf_counter()
        connection.request("POST", path, raw, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        text = answer.read()
        times.append(time.perf_counter() - began)
        connection.close()
        if not 200 <= answer.status < 300:
            raise Invalid(f"{path} answered {answer.status}: {text[:300]!r}")
    return times, (server.cpu() - before) / len(told)


class Raw:
    """The near limit: the rows of the alerts in one INSERT … ON CONFLICT by psycopg2, committed."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg2.connect(url)
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE raw_alert (fingerprint text PRIMARY KEY, name text, labels jsonb, annotations jsonb, url text, seen timestamptz)"
            )

    def take(self, raw: bytes) -> None:
        told = json.loads(raw)["alerts"]
        rows = {json.dumps(a["labels"]): (a["labels"]["alertname"], Json(a["labels"]), Json(a["annotations"]), a["generatorURL"]) for a in told}
        with self.connection, self.connection.cursor() as cursor:
            execute_values(
                cursor,
                "INSERT INTO raw_alert VALUES %s ON CONFLICT (fingerprint) DO UPDATE SET labels = excluded.labels, "
                "annotations = excluded.annotations, url = excluded.url, seen = excluded.seen",
                [(key, *row, NOW) for key, row in sorted(rows.items())],
            )


def portal(url: str, folder: Path) -> tuple[Server, str, dict[str, str]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PORTAL_", "DATABASE_URL", "DJANGO_"))} | {
        "DJANGO_SETTINGS_MODULE": "portal.settings.base",
        "DATABASE_URL": url,
        "PORTAL_DATA_DIR": str(folder),
        "PORTAL_LOG_LEVEL": "ERROR",
        "PYTHONPATH": str(HERE),
    }

    def manage(*arguments: str) -> str:
        done = subprocess.run([sys.executable, "manage.py", *arguments], env=environment, cwd=HERE, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        return done.stdout

    manage("up", "--prepare")
    token = manage("create_source", "main", "--default-service", "agent-api").split()[-1]
    return Server(sys.executable, "portal.wsgi", environment, folder, cwd=HERE), token, environment


def alerta(url: str, folder: Path, python: str) -> Server:
    """The peer. `python`: of an environment that has it; "" makes one under the temporary folder."""
    if not python:
        python = str(folder / "alerta/bin/python")
        subprocess.run([sys.executable, "-m", "venv", str(folder / "alerta")], check=True)
        packages = ["alerta-server==9.1.0", "psycopg2-binary", "gunicorn", "setuptools<80"]
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
        subprocess.run(install, check=True, stderr=subprocess.DEVNULL)
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": url, "AUTH_REQUIRED": "False", "PLUGINS": "", "HOME": str(folder)}
    return Server(python, "alerta.app:create_app()", environment, folder, cwd=folder)


class Table:
    """Lines as they are found, and whether all limits are kept."""

    def __init__(self) -> None:
        self.kept = True

    def line(self, what: str, figure: str, *, limit: str = "", ok: bool | None = None) -> None:
        self.kept = self.kept and ok is not False
        print(f"| {what} | {figure} | {limit} | {'' if ok is None else 'kept' if ok else 'MISSED'} |", flush=True)


def p(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def rounds(count: int, contestants: dict[str, Callable[[list[bytes]], tuple[list[float], float]]], size: int, seed: int) -> dict[str, dict]:
    """Contestants take turns in random order, five rounds each after a warm-up that fills the pool."""
    dice = random.Random(seed)
    found: dict[str, dict] = {name: {"times": [], "cpu": []} for name in contestants}
    for number in range(6):
        told = bodies(size, count, seed + number)
        for name in dice.sample(list(contestants), len(contestants)):
            times, cpu = contestants[name](told)
            if number:
                found[name]["times"] += times
                found[name]["cpu"].append(cpu)
    return found


def compare(table: Table, server: Server, token: str, raw: Raw, peer: Server | None, *, quick: bool) -> None:
    hook, headers = "/hooks/alertmanager/main/", {"Authorization": f"Bearer {token}"}

    def by_hand(told: list[bytes]) -> tuple[list[float], float]:
        times, cpu = [], time.process_time()
        for each in told:
            began = time.perf_counter()
            raw.take(each)
            times.append(time.perf_counter() - began)
        return times, (time.process_time() - cpu) / len(told)

    contestants: dict[str, Callable[[list[bytes]], tuple[list[float], float]]] = {
        "ours": lambda told: send(server, hook, headers, told),
        "raw": by_hand,
    }
    if peer:
        contestants["alerta"] = lambda told: send(peer, "/webhooks/prometheus", {}, told)
    for start in range(0, POOL, 100):  # every alert of the pool is known to everybody
        fill = [body(list(range(start, start + 100)))]
        for take in contestants.values():
            take(fill)
    for size in SIZES:
        found = rounds(max(4, (20 if quick else 60) // (1 if size < 100 else 5)), contestants, size, size)
        ours, limit = found["ours"], found["raw"]
        our_cpu, raw_time = statistics.median(ours["cpu"]), statistics.median(limit["times"])
        table.line(
            f"ours, {size} alerts a body",
            f"p50 {p(ours['times'], 0.5) * 1000:.1f} ms, p95 {p(ours['times'], 0.95) * 1000:.1f} ms, CPU {our_cpu * 1000:.1f} ms a request",
        )
        ratio = statistics.median(ours["times"]) / raw_time
        wanted = LIMITS["raw"].get(size)
        table.line(
            f"raw upsert, {size}",
            f"p50 {raw_time * 1000:.1f} ms; ours takes {ratio:.1f} ×",
            limit=f"≤ {wanted} ×" if wanted else "",
            ok=ratio <= wanted if wanted else None,
        )
        if peer:
            cpu = statistics.median(found["alerta"]["cpu"])
            less = cpu / our_cpu
            figures = f"p95 {p(found['alerta']['times'], 0.95) * 1000:.1f} ms, CPU {cpu * 1000:.1f} ms; ours {less:.1f} × less"
            table.line(f"alerta-server, {size}", figures, limit=f"≥ {LIMITS['alerta'][size]} × less", ok=less >= LIMITS["alerta"][size])
        if size == 10:
            table.line("p99 quiet", f"{p(ours['times'], 0.99) * 1000:.0f} ms", limit="< 200 ms", ok=p(ours["times"], 0.99) < QUIET)


def grow(url: str, rows: int) -> None:
    """Stored alerts with an ended episode and an observation each, as years of work would leave them."""
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id FROM incidents_source LIMIT 1")
        source = cursor.fetchone()[0]
        cursor.execute(
            "INSERT INTO incidents_delivery (source_id, kind, body, length, sha256, headers, peer, received_at, state, understood, problems, reason,"
            " external_url, alert_count, truncated) VALUES (%s, 'webhook', '', 0, '', '{}', '', now() - interval '9 days', 'applied', true, '[]', '',"
            " '', 0, 0) RETURNING id",
            [source],
        )
        delivery = cursor.fetchone()[0]
        for table, sql in (
            (
                "alert",
                "INSERT INTO incidents_alert (source_id, fingerprint, name, labels, annotations, generator_url, severity, unmapped_severity,"
                " correlation_key, rule, action, episode_count, first_seen_at, last_seen_at)"
                " SELECT %(source)s, lpad(to_hex(n), 16, '0'), 'Old' || n %% 500,"
                " jsonb_build_object('alertname', 'Old' || n %% 500, 'instance', n::text),"
                " '{}', '', 2, '', '', '', 'open', 1, now() - interval '9 days', now() - interval '9 days' FROM generate_series(1, %(rows)s) n",
            ),
            (
                "episode",
                "INSERT INTO incidents_episode (alert_id, number, started_at, last_starts_at, first_seen_at, last_seen_at, ended_at, ended_how,"
                " ending_received_at, reopenings, was_firing, at_source, was_of_use) SELECT id, 1, first_seen_at, first_seen_at, first_seen_at,"
                " first_seen_at, first_seen_at, 'resolved', first_seen_at, 0, true, '', '' FROM incidents_alert WHERE name LIKE 'Old%%'",
            ),
            (
                "observation",
                "INSERT INTO incidents_observation (delivery_id, position, alert_id, received_at, is_firing, starts_at, made)"
                " SELECT %(delivery)s, id, id, first_seen_at, true, first_seen_at, 'began' FROM incidents_alert WHERE name LIKE 'Old%%'",
            ),
        ):
            cursor.execute(sql, {"source": source, "rows": rows, "delivery": delivery})
            del table
    with contextlib.closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        connection.cursor().execute("VACUUM ANALYZE")


def growth(table: Table, server: Server, token: str, url: str, rows: int) -> None:
    headers = {"Authorization": f"Bearer {token}"}

    def measured(seed: int) -> float:
        found = [send(server, "/hooks/alertmanager/main/", headers, bodies(10, 40, seed + n))[0] for n in range(4)]
        return statistics.median([time for times in found[1:] for time in times])

    small = measured(500)
    grow(url, rows)
    large = measured(600)
    figure = f"p50 {small * 1000:.1f} ms → {large * 1000:.1f} ms, {large / small:.2f} ×"
    table.line(f"growth to {rows:,} stored alerts", figure, limit="≤ 1.5 ×", ok=large / small <= GROWTH)


def storm(table: Table, server: Server, token: str) -> None:
    """10,000 new alerts of 500 keys, 20 a body."""
    told = []
    for start in range(0, 10_000, 20):
        found = json.loads(body(list(range(20))))
        for number, alert in enumerate(found["alerts"], start):
            alert["labels"] |= {"alertname": f"Storm{number % 500}", "instance": f"storm-{number}"}
        told.append(json.dumps(found).encode())
    times, cpu = send(server, "/hooks/alertmanager/main/", {"Authorization": f"Bearer {token}"}, told)
    figure = f"p50 {p(times, 0.5) * 1000:.0f} ms, p99 {p(times, 0.99) * 1000:.0f} ms, CPU {cpu * 1000:.0f} ms a request"
    table.line("storm, 10,000 new alerts of 500 keys", figure, limit="p99 < 1.5 s", ok=p(times, 0.99) < STORM)


@contextlib.contextmanager
def opened(thing) -> Iterator:
    try:
        yield thing
    finally:
        thing.close()


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="growth to 100,000; without the peer, unless one is named")
    options.add_argument("--peer-python", default="", metavar="PATH", help="a Python that has alerta-server; without it one is installed")
    options.add_argument("--only", choices=["compare", "growth", "storm"], help="one part of the whole")
    found = options.parse_args()
    folder, table = Path(tempfile.mkdtemp(prefix="standby-bench-")), Table()
    try:
        with servers.postgres() as database, contextlib.ExitStack() as stack:
            with contextlib.closing(psycopg2.connect(database.url())) as connection:
                connection.autocommit = True
                for name in ("ours", "peer", "raw"):
                    connection.cursor().execute(f"CREATE DATABASE {name}")
            server, token, _ = portal(database.url("ours"), folder)
            stack.enter_context(opened(server))
            peers = (found.peer_python or not found.quick) and found.only in (None, "compare")
            peer = stack.enter_context(opened(alerta(database.url("peer"), folder, found.peer_python))) if peers else None
            print("| what | measured | limit | |\n|---|---|---|---|", flush=True)
            if found.only in (None, "compare"):
                compare(table, server, token, Raw(database.url("raw")), peer, quick=found.quick)
            if found.only in (None, "storm"):
                storm(table, server, token)
            if found.only in (None, "growth"):
                growth(table, server, token, database.url("ours"), 100_000 if found.quick else 1_000_000)
    except Invalid as wrong:
        print(f"INVALID: {wrong}")
        return 2
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if table.kept else 1


if __name__ == "__main__":
    sys.exit(main())
