"""The process that formats: `python -m portal.markdown.child`. Reads texts on stdin, answers on stdout, ends when stdin ends.

It holds no secret, imports no Django, and may be killed at any moment.
"""

from __future__ import annotations

import contextlib
import math
import resource
import signal
import sys
from typing import Any

from portal.markdown import limits, pipeline, wire


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl-C is for the parent; we end with its pipe
    resource.setrlimit(resource.RLIMIT_AS, (limits.MEMORY, limits.MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pipeline.formatted("warm `up`", short=False, prefix="md-", own_images=False)
    with contextlib.suppress(EOFError, BrokenPipeError):
        wire.send(sys.stdout.buffer, {"ready": True})
        while True:
            wire.send(sys.stdout.buffer, _answer(wire.receive(sys.stdin.buffer)))


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    _limit_processor_time()
    try:
        return {"html": pipeline.formatted(**asked)}
    except pipeline.TooComplex as reason:
        return {"refused": str(reason)}
    except Exception as trouble:  # RecursionError, MemoryError and whatever a parser makes of a hostile text
        return {"refused": type(trouble).__name__}


def _limit_processor_time() -> None:
    """For the case that the parent died and cannot kill us: a few seconds more than what was used until now."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(used.ru_utime + used.ru_stime + limits.WALL) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
