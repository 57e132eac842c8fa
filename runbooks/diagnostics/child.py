"""The process that looks: `python -m runbooks.diagnostics.child`. Reads what to look at on stdin, answers on stdout, ends with its stdin.

It has no database and no secret but those of the target it is given, and it may be killed at any moment: that is the hard time limit.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import sys
import threading
from typing import Any

from portal.outbound import Unreachable
from runbooks.diagnostics import registry, results, troubles, wire
from runbooks.diagnostics.places import Place, Trouble

MEMORY = 2 << 30  # bytes of address space


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl-C is for the parent; we end with its pipe
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    answers = os.dup(1)
    os.dup2(2, 1)  # whatever a library prints does not disturb the answers
    registry.load()
    with contextlib.suppress(EOFError, BrokenPipeError):
        wire.send(answers, {"ready": True})
        while True:
            wire.send(answers, _answer(wire.receive(sys.stdin.fileno())))


def _end_with_parent() -> None:
    """At once, when our stdin hangs up: a look that went on after its worker was killed would act for nobody."""
    waiting = select.poll()
    waiting.register(sys.stdin.fileno(), 0)  # a hang-up is told without being asked for
    waiting.poll()
    os._exit(0)


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    """A result, the outcomes of an act, or the name of the exception: its text may hold addresses and secrets."""
    diagnostic, place = registry.find(asked["diagnostic"]), Place(**asked["place"])
    try:
        if "items" in asked:
            assert diagnostic.act
            return {"outcomes": diagnostic.act.perform(place, asked["parameters"], asked["items"])}
        return {"result": diagnostic.probe(place, asked["parameters"]).as_json()}
    except Trouble as trouble:
        return {"result": results.failed(trouble.what, trouble.step).as_json()}
    except Unreachable as trouble:
        said = troubles.unreachable(place, trouble.reason)
        return {"result": results.failed(said.what, said.step).as_json()}
    except Exception as bug:
        return {"bug": type(bug).__name__, "where": _where(bug)}


def _where(bug: BaseException) -> str:
    """`probes/jobs.py:41`, of the innermost frame that is ours or the plug-in's."""
    at = bug.__traceback__
    found = ""
    while at:
        name = at.tb_frame.f_code.co_filename
        if "site-packages" not in name or not found:
            found = f"{'/'.join(name.split(os.sep)[-2:])}:{at.tb_lineno}"
        at = at.tb_next
    return found


if __name__ == "__main__":
    main()
