"""Why a target could not be looked at, and what to do next, in our own words: the target's own may hold addresses or passwords."""

from __future__ import annotations

from runbooks.diagnostics.places import Place, Trouble

KINDS = {
    "redis": "Redis",
    "postgres": "PostgreSQL",
    "prometheus": "Prometheus",
    "kubernetes": "Kubernetes",
    "http": "Host",
    "log": "Log",
    "git": "Repository",
}
RUNBOOKS = {"redis": "Follow the runbook “Redis down”.", "postgres": "Follow the runbook “Database issues”."}
WHAT = {
    "blocked": "may not be reached: its address is never spoken to",
    "refused": "refused the connection",
    "timed_out": "did not answer in time",
    "dns": "has a name without an address",
    "tls": "did not prove who it is: its certificate or TLS is not accepted",
    "too_large": "answered with more than is taken",
    "bad_url": "has an address that cannot be used",
    "broken": "ended the connection or answered with something that cannot be used",
}
STEPS = {
    "blocked": "An administrator corrects the address of the target.",
    "refused": "Nothing listens there: see whether it runs, and whether the port of the target is right.",
    "timed_out": "See whether its host is up, overloaded or cut off.",
    "dns": "See whether the name is spelt right and whether DNS works.",
    "tls": "Look at its certificate with the diagnostic tls-expiry.",
    "too_large": "Ask for less: a shorter window or a narrower query.",
    "bad_url": "An administrator corrects the address of the target.",
    "broken": "See its own log: it may be starting, stopping or out of memory.",
}
DOWN = {"refused", "timed_out", "broken"}


def name_of(place: Place) -> str:
    """Redis “jobs”."""
    return f"{KINDS.get(place.kind, 'Target')} “{place.name}”"


def unreachable(place: Place, reason: str, *, seconds: float = 0) -> Trouble:
    """`reason` as `portal.outbound.Unreachable` has it; `seconds`: how long was waited."""
    what = f"did not answer within {seconds:g} s" if seconds and reason == "timed_out" else WHAT.get(reason, WHAT["broken"])
    step = f"{STEPS.get(reason, STEPS['broken'])} {RUNBOOKS.get(place.kind, '') if reason in DOWN else ''}".strip()
    return Trouble(f"{name_of(place)} {what}", step)


def too_long(place: Place, seconds: float) -> Trouble:
    """The look was ended from outside."""
    step = f"It hangs or is overloaded: see whether its host is well, then run it again. {RUNBOOKS.get(place.kind, '')}".strip()
    return Trouble(f"{name_of(place) if place.name else 'The diagnostic'} gave no answer within {seconds:g} s; the look was ended", step)
