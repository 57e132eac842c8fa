"""Look, with a hard time limit: each look is done by a child process, and a child that is late or not wanted any more is killed.

So a probe that hangs, whatever it hangs in, holds no worker. Children are kept warm and used again.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runbooks.diagnostics import registry, wire

_ROOT = Path(__file__).resolve().parent.parent.parent
START = 20.0  # seconds for a child to come up
TICK = 0.5  # seconds between two questions whether the answer is still wanted
LOOKS = 200  # by one child; then a new one takes over
KEPT = 3  # idle children
PASSED_ON = ("PATH", "LANG", "PYTHONPATH", "DJANGO_SETTINGS_MODULE", "SSL_CERT_FILE", "SSL_CERT_DIR", registry.VARIABLE)


class TooLong(Exception):
    """It was killed at the end of its time."""


class Unwanted(Exception):
    """It was killed because nobody waits for it any more."""


class Died(Exception):
    """The child ended in the middle, or could not be started."""


class Child:
    """A running `runbooks.diagnostics.child`; one question at a time."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(  # noqa: S603  (a fixed argument list, no shell)
            [sys.executable, "-m", "runbooks.diagnostics.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd=_ROOT,
            env={name: os.environ[name] for name in PASSED_ON if name in os.environ} | {"TZ": "UTC"},
        )
        assert self.process.stdin and self.process.stdout
        self.input, self.output, self.looks = self.process.stdin.fileno(), self.process.stdout.fileno(), 0

    def ready(self) -> Child:
        """Raises: Died."""
        try:
            self._wait(time.monotonic() + START, lambda: True)
            wire.receive(self.output)
        except (EOFError, OSError, TooLong) as gone:
            self.end()
            raise Died from gone
        return self

    def ask(self, message: dict[str, Any], seconds: float, wanted: Callable[[], bool]) -> dict[str, Any]:
        """Raises: TooLong, Unwanted, Died; the child is gone then."""
        self.looks += 1
        try:
            wire.send(self.input, message)
            self._wait(time.monotonic() + seconds, wanted)
            return wire.receive(self.output)
        except (TooLong, Unwanted):
            self.end()
            raise
        except (EOFError, OSError, ValueError) as gone:
            self.end()
            raise Died from gone

    def _wait(self, latest: float, wanted: Callable[[], bool]) -> None:
        while not select.select([self.output], [], [], max(0.0, min(TICK, latest - time.monotonic())))[0]:
            if time.monotonic() >= latest:
                raise TooLong
            if not wanted():
                raise Unwanted

    def alive(self) -> bool:
        return self.process.poll() is None

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


class Children:
    """Those that wait for the next look. Safe to use from several threads."""

    def __init__(self) -> None:
        self.lock, self.idle = threading.Lock(), list[Child]()

    def take(self) -> Child:
        with self.lock:
            while self.idle:
                child = self.idle.pop()
                if child.alive():
                    return child
                child.forget()
        return Child().ready()

    def give_back(self, child: Child) -> None:
        with self.lock:
            if child.looks < LOOKS and len(self.idle) < KEPT:
                self.idle.append(child)
                return
        child.end()

    def close(self) -> None:
        with self.lock:
            ending, self.idle = self.idle, []
        for child in ending:
            child.end()


def ask(message: dict[str, Any], *, seconds: float, wanted: Callable[[], bool] = lambda: True) -> dict[str, Any]:
    """The child's answer to `message`; the time of its start does not count. Raises: TooLong, Unwanted, Died."""
    child = _children.take()
    answer = child.ask(message, seconds, wanted)
    _children.give_back(child)
    return answer


def forget_children() -> None:
    """End those that wait; the next look starts one in the environment of then."""
    _children.close()


def _after_fork() -> None:
    """Children belong to the process that started them; a fork gets its own when it needs one."""
    global _children
    inherited, _children = _children, Children()
    for child in inherited.idle:
        child.forget()


_children = Children()
os.register_at_fork(after_in_child=_after_fork)
atexit.register(lambda: _children.close())
