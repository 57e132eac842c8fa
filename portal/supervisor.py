"""Keep a few child processes running until Ctrl-C. Knows nothing of Django, so that it costs 10 MB and not 60.

`python -m portal.supervisor -- command one -- command two`: started together, restarted after a crash, stopped together.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from types import FrameType

RESTART_AFTER = 1.0  # seconds
STOP_WITHIN = 15.0  # seconds, then they are killed


def split(arguments: list[str]) -> list[list[str]]:
    """`["--", "a", "b", "--", "c"]` → `[["a", "b"], ["c"]]`."""
    commands: list[list[str]] = []
    for argument in arguments:
        if argument == "--":
            commands.append([])
        else:
            commands[-1].append(argument)
    return commands


def supervise(commands: list[list[str]]) -> None:
    stopping = False

    def stop(signum: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    # Children sit in sessions of their own: Ctrl-C reaches only us, and we stop them in order.
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    children = [_start(command) for command in commands]
    while not stopping:
        time.sleep(0.2)
        for i, child in enumerate(children):
            if child.poll() is not None and not stopping:
                time.sleep(RESTART_AFTER)
                children[i] = _start(commands[i])
    _stop_all(children)


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, start_new_session=True)  # noqa: S603  (our own commands, no shell)


def _stop_all(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        child.terminate()
    deadline = time.monotonic() + STOP_WITHIN
    for child in children:
        try:
            child.wait(max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            child.kill()


if __name__ == "__main__":
    supervise(split(sys.argv[1:]))
