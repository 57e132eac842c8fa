"""The one child of this process: started when first needed, killed when it takes too long, replaced when it is gone."""

from __future__ import annotations

import atexit
import contextlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from portal.markdown import limits, wire

_ROOT = Path(__file__).resolve().parent.parent.parent


class Busy(Exception):
    """Not now: somebody else's text is being formatted, or the child did not come up in time. Ask again later."""


class Killed(Exception):
    """The text took longer than it may."""


class Child:
    """A running `portal.markdown.child`; one request at a time."""

    def __init__(self) -> None:
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LANG": os.environ.get("LANG", "C.UTF-8")}
        self.process = subprocess.Popen(  # noqa: S603  (a fixed argument list, no shell)
            [sys.executable, "-m", "portal.markdown.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd=_ROOT,
            env=environment,
        )
        self.ready, self.renders = False, 0

    def alive(self) -> bool:
        return self.process.poll() is None

    def ask(self, message: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Its answer within `seconds`, or it is killed. Raises: EOFError, OSError: it is gone."""
        assert self.process.stdin and self.process.stdout
        with self._killed_after(seconds):
            wire.send(self.process.stdin, message)
            self.renders += 1
            return wire.receive(self.process.stdout)

    def await_ready(self, seconds: float) -> None:
        assert self.process.stdout
        if not self.ready:
            with self._killed_after(seconds):
                wire.receive(self.process.stdout)
            self.ready = True

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.forget()

    def forget(self) -> None:
        """Close our ends of its pipes; without another holder of them it ends by itself."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()

    @contextlib.contextmanager
    def _killed_after(self, seconds: float):  # type: ignore[no-untyped-def]
        timer = threading.Timer(max(0.0, seconds), self.process.kill)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


class Worker:
    """Hands texts to the child, one at a time."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.child: Child | None = None

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """The child's answer, within 2.4 s in all. Raises: Busy, Killed."""
        latest = time.monotonic() + limits.ANSWER
        if not self.lock.acquire(timeout=limits.LOCK_WAIT):
            raise Busy
        try:
            return self._ask(message, latest)
        finally:
            self.lock.release()

    def _ask(self, message: dict[str, Any], latest: float) -> dict[str, Any]:
        child = self._ready_child(latest)
        started, seconds = time.monotonic(), min(limits.WALL, latest - time.monotonic())
        try:
            return child.ask(message, seconds)
        except (EOFError, OSError, ValueError) as gone:
            self._replace()
            too_long = time.monotonic() - started >= limits.WALL - 0.05
            raise (Killed if too_long else Busy) from gone

    def _ready_child(self, latest: float) -> Child:
        if self.child and (self.child.renders >= limits.RENDERS or not self.child.alive()):
            self.close()
        self.child = self.child or Child()
        try:
            self.child.await_ready(latest - time.monotonic())
        except (EOFError, OSError, ValueError) as gone:
            self.close()
            raise Busy from gone
        return self.child

    def _replace(self) -> None:
        """A new one at once, so that the next reader does not wait for its start."""
        self.close()
        self.child = Child()

    def close(self) -> None:
        if self.child:
            self.child.end()
        self.child = None


def ask(message: dict[str, Any]) -> dict[str, Any]:
    """As `Worker.ask`, with this process's child."""
    return _worker.ask(message)


def close() -> None:
    """End this process's child. For whoever replaces the process: `exec` runs no exit handlers, and the child would stay as a zombie."""
    _worker.close()


def _after_fork() -> None:
    """The child belongs to the process that started it; a fork gets its own when it needs one."""
    global _worker
    inherited, _worker = _worker, Worker()
    if inherited.child:
        inherited.child.forget()


_worker = Worker()
os.register_at_fork(after_in_child=_after_fork)
atexit.register(lambda: _worker.close())
