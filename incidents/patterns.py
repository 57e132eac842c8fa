"""Patterns: what an incident looks like, and why. Symptoms are matched against its alerts, the results of diagnostics and recorded changes.

Four are shipped. A pattern is a suggestion with its reasons, never a cause: it names the diagnostics that confirm it and the runbook to follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from incidents import around
from incidents.models import Episode, Incident
from portal.accounts.models import User
from runbooks import changes
from runbooks.diagnostics import runs
from runbooks.models import Change, DiagnosticRun, Runbook

ENOUGH = 3  # points from which a pattern is named
ALIKE = 60.0  # percent of errors of one type from which "all the same" is said
SHARE = 10.0  # percent of errors from which their type is a symptom


@dataclass(frozen=True, slots=True)
class Pattern:
    """alerts: names with `*`. errors: parts of error types. sick: diagnostic → words of its finding, "" for any sick finding."""

    name: str
    runbook: str
    confirm: tuple[str, ...]
    alerts: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    sick: dict[str, str] = field(default_factory=dict)
    after_change: bool = False


@dataclass(frozen=True, slots=True)
class Likeness:
    pattern: Pattern
    points: int
    because: list[str]


@dataclass(frozen=True, slots=True)
class Symptoms:
    """What is known of an incident. errors: type → percentage."""

    alerts: list[str]
    runs: dict[str, DiagnosticRun]
    changes: list[Change]
    errors: dict[str, float]


PATTERNS = (
    Pattern(
        name="Deployment gone wrong",
        runbook="deployment-rollback",
        confirm=("recent-deploys", "errors", "rollouts"),
        alerts=("*ErrorRate*", "*Outage*", "*Latency*", "*Backlog*", "*CrashLoop*"),
        after_change=True,
    ),
    Pattern(
        name="API rate limits",
        runbook="rate-limits",
        confirm=("rate-limits", "errors", "prometheus-query"),
        alerts=("*RateLimit*",),
        errors=("RateLimit", "429", "TooManyRequests"),
        sick={"rate-limits": ""},
    ),
    Pattern(
        name="Database connections exhausted",
        runbook="database-issues",
        confirm=("db-connections", "db-locks", "db-queries"),
        alerts=("*DatabaseConnection*", "*Postgres*Connection*", "*TooManyConnections*"),
        errors=("OperationalError", "TooManyConnections", "PoolTimeout", "QueuePool", "PoolExhausted"),
        sick={"db-connections": "", "db-locks": ""},
    ),
    Pattern(
        name="Redis down",
        runbook="redis-down",
        confirm=("redis-health", "stale-jobs", "tcp-connect"),
        alerts=("*RedisDown*", "*RedisMissing*", "*CacheDown*"),
        errors=("ConnectionError", "BusyLoading", "ReadOnlyError", "RedisError"),
        sick={"redis-health": ""},
    ),
)


def likenesses(incident: Incident, *, began: datetime) -> list[Likeness]:
    """What it looks like, most likely first. 3 queries."""
    known = symptoms(incident, began=began)
    found = [judge(pattern, known) for pattern in PATTERNS]
    return sorted((like for like in found if like.points >= ENOUGH), key=lambda like: -like.points)


def symptoms(incident: Incident, *, began: datetime) -> Symptoms:
    """`began`: when the impact began. 3 queries."""
    names = list(Episode.objects.filter(incident=incident).order_by("started_at").values_list("alert__name", flat=True)[:50])
    last = runs.last_runs(about=incident.subject)
    changed = changes.before(began, service=incident.service, within=around.SUSPECT)
    return Symptoms(list(dict.fromkeys(names)), last, changed, _errors(last.values()))


def _errors(found: Any) -> dict[str, float]:
    """Shares of error types by the diagnostics that count them, the highest of each."""
    shares: dict[str, float] = {}
    for run in found:
        document = run.result.get("document") or {}
        for kind in document.get("top_errors", []) if isinstance(document, dict) else []:
            shares[kind["type"]] = max(shares.get(kind["type"], 0.0), float(kind["percentage"]))
    return shares


def judge(pattern: Pattern, known: Symptoms) -> Likeness:
    """Points and reasons: pure. An alert 2, a kind of error 2, a sick diagnostic 3, a change before it began 3 and errors all alike 1."""
    because: list[str] = []
    points = 0
    alert = next((name for name in known.alerts if any(fnmatchcase(name, glob) for glob in pattern.alerts)), "")
    if alert:
        points, because = points + 2, [*because, f"{alert} fires"]
    kind = next((k for k, share in known.errors.items() if share >= SHARE and any(part in k for part in pattern.errors)), "")
    if kind:
        points, because = points + 2, [*because, f"{known.errors[kind]:g} % of errors are {kind}"]
    for slug, words in pattern.sick.items():
        run = known.runs.get(slug)
        if run and run.is_finished and run.severity in {"warn", "bad"} and run.state == "done" and words in run.finding:
            points, because = points + 3, [*because, f"{slug}: {run.finding}"]
    if pattern.after_change:
        return _after_change(pattern, known, points, because)
    return Likeness(pattern, points, because)


def _after_change(pattern: Pattern, known: Symptoms, points: int, because: list[str]) -> Likeness:
    """Without a change before it, it is not this pattern; rollouts that a diagnostic saw count like told ones."""
    if known.changes:
        newest = known.changes[0]
        because = [f"{newest.get_kind_display().lower()} “{newest}” at {newest.at:%H:%M} UTC, before it began", *because]
    elif seen := _seen_changes(known.runs.get("recent-deploys")):
        because = [seen, *because]
    else:
        return Likeness(pattern, 0, [])
    alike = next((kind for kind, share in known.errors.items() if share >= ALIKE), "")
    if alike:
        points, because = points + 1, [*because, f"{known.errors[alike]:g} % of errors are of one type, {alike}"]
    return Likeness(pattern, points + 3 if points else 0, because)


def _seen_changes(run: DiagnosticRun | None) -> str:
    rows: Sequence[Sequence[str]] = run.result.get("rows", []) if run and run.is_finished else []
    return f"{rows[0][1].lower()} “{rows[0][3]}” at {rows[0][0][11:16]} UTC" if rows else ""


def of(incident: Incident) -> list[Likeness]:
    """What an open incident looks like, most likely first; nothing once it is over. 4 queries."""
    return [] if incident.is_over else likenesses(incident, began=around.began(incident))


def panel(user: User, incident: Incident, now: datetime) -> dict[str, Any] | None:
    """For the page of the incident; None when it looks like nothing known. 0-5 queries."""
    found = of(incident)
    if not found:
        return None
    books = {book.slug: book for book in Runbook.objects.filter(slug__in=[like.pattern.runbook for like in found])}
    return {"rows": [(like, books.get(like.pattern.runbook)) for like in found[:2]], "incident": incident}
