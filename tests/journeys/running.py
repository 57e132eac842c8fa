"""A running portal for journeys: real processes, a real database, a real SMTP server, and Redis where production has one."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path

import httpx
from aiosmtpd.controller import Controller

from tests import laid_out, servers
from tests.conftest import REPOSITORY_ROOT


def eventually(what: Callable[[], object], seconds: float = 20) -> object:
    """The first true answer of `what`. Raises: AssertionError, none within the time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.1)
    raise AssertionError(f"nothing within {seconds} s")


class Mailbox:
    """A real SMTP server that keeps what it takes."""

    def __init__(self, port: int = 0) -> None:
        self.mails: list = []
        self.port = port or servers.free_port()
        self.controller = Controller(self, hostname=servers.LOOPBACK, port=self.port)
        self.controller.start()

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  (aiosmtpd's name)
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    def to(self, address: str, subject: str = "") -> list:
        return [mail for mail in list(self.mails) if address in mail["To"] and subject in mail["Subject"]]

    def close(self) -> None:
        self.controller.stop()


class Portal:
    """`manage.py up` on SQLite, or web, worker and beat on PostgreSQL and Redis: the same code, other commands."""

    def __init__(
        self, database_url: str = "", redis_url: str = "", smtp_port: int = 25, target_port: int = 0, *, also_on_path: str = "", **settings: str
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="standby-journey-"))
        self.port = servers.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PORTAL_", "DATABASE_URL", "DJANGO_"))},
            "DJANGO_SETTINGS_MODULE": "portal.settings.base",
            "PORTAL_DATA_DIR": str(self.folder),
            "PORTAL_PORT": str(self.port),
            "PORTAL_BASE_URL": self.url,
            "PORTAL_EMAIL_URL": f"smtp://127.0.0.1:{smtp_port}",
            "PORTAL_REDIS_TARGET": f"redis://127.0.0.1:{target_port}/0" if target_port else "",
            "PORTAL_LOG_LEVEL": "WARNING",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(REPOSITORY_ROOT), also_on_path])),
            **settings,
        }
        self.processes: list[subprocess.Popen] = []
        self.log = open(self.folder / "log", "wb")  # noqa: SIM115  (closed with the portal)
        self.is_embedded = not database_url
        if database_url:
            self.environment |= {"DATABASE_URL": database_url, "PORTAL_BROKER_URL": redis_url}
            prepared = self.manage("up", "--prepare")
            self.start()
        else:
            laid_out.lay_out(self.folder / "standby.sqlite3")
            self.start()
            prepared = str(eventually(lambda: text if "Standby runs at" in (text := self.output()) else "", 150))
        self.password = re.search(r"Password\s+(\S+)", prepared)[1]
        self.email = re.search(r"Sign in as\s+(\S+)", prepared)[1]
        eventually(self.answers, 60)

    def start(self) -> None:
        """Everything: one command on SQLite, web, worker and beat on PostgreSQL."""
        if self.is_embedded:
            self._start("manage.py", "up")
            return
        self._start("-m", "gunicorn", "portal.wsgi", "--bind", f"127.0.0.1:{self.port}", "--worker-class", "gthread", "--threads", "8", "-w", "2")
        self.start_worker()
        self._start("-m", "celery", "--quiet", "-A", "portal.celery", "beat")

    def stop(self) -> None:
        """Everything, as a shutdown does it; `start` brings it back."""
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        for pid in self.workers():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.processes.clear()

    def _start(self, *command: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, *command], env=self.environment, cwd=REPOSITORY_ROOT, stdout=self.log, stderr=self.log, start_new_session=True
        )
        self.processes.append(process)
        return process

    def start_worker(self) -> subprocess.Popen:
        """Production's worker."""
        return self._start("-m", "celery", "--quiet", "-A", "portal.celery", "worker", "--pool", "threads", "--concurrency", "8")

    def output(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def answers(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/healthz", timeout=2).status_code == 200
        return False

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments], env=self.environment, cwd=REPOSITORY_ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def shell(self, code: str) -> str:
        return self.manage("shell", "-v", "0", "-c", code).strip()

    def workers(self) -> list[int]:
        """Process ids of whatever works due rows for this portal."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                command = (folder / "cmdline").read_bytes()
                mine = f"PORTAL_DATA_DIR={self.folder}".encode() in (folder / "environ").read_bytes()
                if mine and (b"portal.embedded" in command or b"worker" in command.split(b"\0")) and b"portal.supervisor" not in command:
                    found.append(int(folder.name))
        return found

    def kill_workers(self) -> None:
        """-9, in the middle of whatever they do. SQLite's supervisor starts another, and so does this where production's would."""
        for pid in self.workers():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not self.is_embedded:
            self.start_worker()

    def signed_in(self, email: str = "", password: str = "") -> httpx.Client:
        client = httpx.Client(base_url=self.url, timeout=20, follow_redirects=True)
        client.get("/accounts/login/")
        answer = self.post(client, "/accounts/login/", login=email or self.email, password=password or self.password)
        assert answer.status_code == 200 and "/accounts/login/" not in str(answer.url), answer.text[:500]
        return client

    def post(self, client: httpx.Client, path: str, **fields: str) -> httpx.Response:
        return client.post(path, data={**fields, "csrfmiddlewaretoken": client.cookies.get("csrftoken", "")}, headers={"Referer": self.url})

    def hook(self, token: str, body: bytes, source: str = "main") -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "User-Agent": "Alertmanager/0.25.0"}
        return httpx.post(f"{self.url}/hooks/alertmanager/{source}/", content=body, headers=headers, timeout=30)

    def close(self) -> None:
        self.stop()
        self.log.close()
