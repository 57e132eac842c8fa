"""Real servers for tests, started and stopped by the tests themselves on free ports of this machine."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

LOOPBACK = "127.0.0.1"


class NotInstalled(Exception):
    """A server's program is not on this machine; says what to install."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


def wait_for_port(port: int, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=0.5):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port} after {seconds} s")


def find(program: str, package: str) -> str:
    """The path of `program`. Raises: NotInstalled."""
    places = [shutil.which(program), *sorted(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{program}")), reverse=True)]
    found = next((place for place in places if place), None)
    if not found:
        raise NotInstalled(f"{program} is not installed (Debian: apt install {package})")
    return found


def _not_root() -> str | None:
    """PostgreSQL refuses root: run it as the user that its package made."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam("postgres")
    except KeyError as none:
        raise NotInstalled("as root, PostgreSQL needs a user named postgres (Debian: apt install postgresql)") from none
    return "postgres"


class Postgres:
    """A throw-away cluster. `stop_now` and `start` imitate a crash and the return from it."""

    def __init__(self, *, connections: int = 300) -> None:
        self.connections = connections
        self.initdb, self.ctl = find("initdb", "postgresql"), find("pg_ctl", "postgresql")
        self.user = _not_root()
        self.folder = Path(tempfile.mkdtemp(prefix="standby-pg-"))
        if self.user:
            shutil.chown(self.folder, "postgres", "postgres")
        self.port = free_port()
        self._run(self.initdb, "-D", str(self.folder / "data"), "-A", "trust", "-U", "standby", "-E", "UTF8", "--no-sync")
        self.start()

    def _run(self, *command: str) -> None:
        identity = {"user": self.user, "group": self.user, "extra_groups": []} if self.user else {}
        subprocess.run(command, check=True, capture_output=True, cwd="/", **identity)

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses={LOOPBACK} -c fsync=off -c max_connections={self.connections}"
        self._run(self.ctl, "-D", str(self.folder / "data"), "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def pids(self) -> list[int]:
        """The postmaster first, then its children."""
        postmaster = int((self.folder / "data/postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        return [postmaster, *map(int, children)]

    def stop_now(self) -> None:
        self._run(self.ctl, "-D", str(self.folder / "data"), "-m", "immediate", "stop")

    def url(self, database: str = "postgres") -> str:
        return f"postgres://standby@{LOOPBACK}:{self.port}/{database}"

    def close(self) -> None:
        with contextlib.suppress(subprocess.CalledProcessError):
            self.stop_now()
        shutil.rmtree(self.folder, ignore_errors=True)


class Redis:
    """A throw-away Redis without a disk. Freeze it with `process.send_signal(SIGSTOP)`."""

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = tempfile.mkdtemp(prefix="standby-redis-")
        program = find("redis-server", "redis-server")
        command = [program, "--port", str(self.port), "--bind", LOOPBACK, "--save", "", "--appendonly", "no", "--dir", self.folder]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_port(self.port)

    @property
    def url(self) -> str:
        return f"redis://{LOOPBACK}:{self.port}/0"

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Prometheus:
    """Scrapes the given targets as job `agent-api` each second, and sends what its rules find to the Alertmanagers."""

    def __init__(self, rules: str, targets: list[str], alertmanagers: list[str]) -> None:
        self.program = find("prometheus", "prometheus")
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="standby-prometheus-"))
        (self.folder / "agent.rules.yml").write_text(rules)
        (self.folder / "prometheus.yml").write_text(
            "global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }\n"
            f"rule_files: [{self.folder}/agent.rules.yml]\n"
            f"alerting: {{ alertmanagers: [{{ static_configs: [{{ targets: {alertmanagers} }}] }}] }}\n"
            f"scrape_configs: [{{ job_name: agent-api, static_configs: [{{ targets: {targets} }}] }}]\n"
        )
        self.start()

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        self.log = open(self.folder / "log", "ab")  # noqa: SIM115
        files = [f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/data"]
        command = [self.program, *files, f"--web.listen-address={LOOPBACK}:{self.port}", "--rules.alert.resend-delay=2s"]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        wait_for_port(self.port)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        self.log.close()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Alertmanager:
    """The shipped configuration, with other addresses and short intervals. `kill(and_forget=True)` takes its state along."""

    def __init__(self, config: str, template: str) -> None:
        self.program = find("prometheus-alertmanager", "prometheus-alertmanager")
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="standby-alertmanager-"))
        (self.folder / "alertmanager.yml").write_text(config)
        (self.folder / "standby.tmpl").write_text(template)
        self.start()

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def start(self) -> None:
        self.log = open(self.folder / "log", "ab")  # noqa: SIM115
        files = [f"--config.file={self.folder}/alertmanager.yml", f"--storage.path={self.folder}/data"]
        command = [self.program, *files, f"--web.listen-address={self.address}", f"--web.external-url={self.url}", "--cluster.listen-address="]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        wait_for_port(self.port)

    def kill(self, *, and_forget: bool = False) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()
        if and_forget:
            shutil.rmtree(self.folder / "data", ignore_errors=True)

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    try:
        yield server
    finally:
        server.close()


@contextlib.contextmanager
def redis() -> Iterator[Redis]:
    server = Redis()
    try:
        yield server
    finally:
        server.close()
