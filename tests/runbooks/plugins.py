"""Diagnostics of somebody else: one that works and some that do everything wrong. Loaded by name, as PORTAL_DIAGNOSTICS asks."""

from __future__ import annotations

import os
import time

from runbooks.diagnostics.parameters import Choice, Whole
from runbooks.diagnostics.registry import Diagnostic
from runbooks.diagnostics.results import Result


def _diagnostic(slug, probe, **fields):
    return Diagnostic(
        **{"slug": slug, "title": slug, "about": "For tests.", "icon": "bug", "kind": "reads", "needs": (), "timeout": 1, "probe": probe} | fields
    )


def _endless(place, parameters):
    while True:
        pass


def _asleep(place, parameters):
    time.sleep(600)


def _dies(place, parameters):
    os._exit(7)


def _raises(place, parameters):
    raise RuntimeError(f"cannot log in with {place.secret or 'password=hunter2hunter2'}")


def _talks(place, parameters):
    print("this goes nowhere")
    text = "\n".join(f"line {number} token=abcdef1234567890 {place.secret}" for number in range(parameters["lines"]))
    return Result("talked", "ok", text, numbers={"lines": parameters["lines"]}, figure="lines", columns=["n"], rows=[[n] for n in range(500)])


HANGS = _diagnostic("hangs", _endless)
SLEEPS = _diagnostic("sleeps", _asleep)
DIES = _diagnostic("dies", _dies)
RAISES = _diagnostic("raises", _raises, may_have=("redis",))
TALKS = _diagnostic(
    "talks",
    _talks,
    timeout=20,
    may_have=("redis",),
    parameters=(Whole("lines", "Lines", 3, 1, 100_000), Choice("tone", "Tone", "calm", ("calm", "loud"))),
)
NONE = object()
EAGER = _diagnostic("eager", _talks, timeout=10_000)
UNGUARDED = _diagnostic("unguarded", _talks, kind="changes")
