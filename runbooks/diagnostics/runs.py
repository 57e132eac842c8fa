"""Runs: asked for as a row, worked once by a worker, told in the journal of what they are about.

A run whose worker died ends as lost; it is never done twice by itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from portal import clock, due, journal
from portal.accounts.models import User
from portal.errors import DomainError
from portal.models import Due
from portal.shelves import Shelf
from runbooks.diagnostics import registry
from runbooks.diagnostics.redaction import redact, secret_of
from runbooks.diagnostics.registry import Diagnostic, Result
from runbooks.models import DiagnosticRun, Target

logger = logging.getLogger(__name__)

RUN = "diagnostics.run"
LEASE = timedelta(seconds=60)  # longer than any timeout: whoever still works then is gone

# Journal subjects that are hidden from a person (None: from everybody who is not named).
hidden_subjects: Shelf[Callable[[User | None], set[str]]] = Shelf("hidden subjects")


def hidden_from(user: User) -> set[str]:
    """1 query for each shelf entry."""
    return {subject for _, hidden in hidden_subjects for subject in hidden(user)}


def target_for(diagnostic: Diagnostic, slug: str = "") -> Target:
    """The named target, or the only one of its kind. Raises: DomainError, none, several or another kind."""
    found = list(Target.objects.filter(kind=diagnostic.target_kind, **({"slug": slug} if slug else {})).order_by("slug")[:2])
    if not found:
        wanted = f"“{slug}” of kind {diagnostic.target_kind}" if slug else f"of kind {diagnostic.target_kind}"
        raise DomainError(
            f"No target {wanted} is set up. An administrator adds it under Admin, Targets, or by PORTAL_REDIS_TARGET.", code="no_target"
        )
    if len(found) > 1:
        raise DomainError("Several targets are set up: choose one by name.", code="choose_target")
    return found[0]


@transaction.atomic
def ask(slug: str, *, given: dict[str, Any], target: str = "", about: str = "", by: User | None, at: datetime) -> DiagnosticRun:
    """A queued run and the row that has it worked. Raises: DomainError, Invalid."""
    run = _new(slug, given=given, target=target, about=about, by=by, at=at)
    due.put(RUN, str(run.pk), at=at, priority=2)
    return run


def run_here(
    slug: str, *, given: dict[str, Any], target: str = "", about: str = "", by: User | None, at: datetime
) -> tuple[DiagnosticRun, Result | None]:
    """Run it in this process, for the command line; kept like any other run. Raises: DomainError, Invalid."""
    run = _new(slug, given=given, target=target, about=about, by=by, at=at)
    _begin(run, at)
    result = _probe(run)
    with transaction.atomic():
        _finish(run, result, clock.now())
    return run, result


def _new(slug: str, *, given: dict[str, Any], target: str, about: str, by: User | None, at: datetime) -> DiagnosticRun:
    diagnostic = registry.find(slug)
    if diagnostic.kind == "changes":
        raise DomainError(f"{slug} changes something and needs the two-step guard.", code="needs_guard")
    parameters = diagnostic.read(given)
    return DiagnosticRun.objects.create(
        diagnostic=slug, target=target_for(diagnostic, target), parameters=parameters, about=about[:80], asked_by=by, queued_at=at
    )


def work(row: Due, now: datetime) -> None:
    """The handler of `diagnostics.run`."""
    run = DiagnosticRun.objects.select_related("target", "asked_by").get(pk=int(row.key))
    if run.state != DiagnosticRun.State.QUEUED:
        lose(row, now)
        return
    _begin(run, now)
    result = _probe(run)
    with transaction.atomic():
        if due.settle(row):
            _finish(run, result, clock.now())


def lose(row: Due, now: datetime) -> None:
    """Its worker died in the middle: say so, and do not do it again."""
    with transaction.atomic():
        run = DiagnosticRun.objects.select_for_update().get(pk=int(row.key))
        if not due.settle(row) or run.is_finished:
            return
        run.state, run.finished_at = DiagnosticRun.State.LOST, now
        run.finding, run.severity = "Lost with its worker; run it again", DiagnosticRun.Severity.WARN
        run.save()
        _tell(run, now)


def _begin(run: DiagnosticRun, at: datetime) -> None:
    run.state, run.started_at = DiagnosticRun.State.RUNNING, at
    run.save(update_fields=["state", "started_at"])


def _probe(run: DiagnosticRun) -> Result | None:
    """None: the probe itself failed, which is a fault of ours."""
    assert run.target is not None
    try:
        return registry.find(run.diagnostic).probe(run.target, run.parameters)
    except Exception:
        logger.exception("diagnostic failed", extra={"run": run.pk, "diagnostic": run.diagnostic})
        return None


def _finish(run: DiagnosticRun, result: Result | None, at: datetime) -> None:
    secrets = (secret_of(run.target.password_variable),) if run.target else ()
    run.finished_at = at
    if result is None:
        run.state, run.severity = DiagnosticRun.State.FAILED, DiagnosticRun.Severity.WARN
        run.finding = "The diagnostic itself failed; the log says why"
    else:
        run.state, run.severity = DiagnosticRun.State.DONE, result.severity
        run.finding, run.output = redact(result.finding, secrets=secrets)[:300], redact(result.text, secrets=secrets)
        run.result = {"columns": result.columns, "rows": result.rows, "numbers": result.numbers, "next_step": result.next_step}
    run.save()
    _tell(run, at)


def _tell(run: DiagnosticRun, at: datetime) -> None:
    if run.about:
        title = registry.find(run.diagnostic).title
        text = f"{title} on {run.target}: {run.finding}"
        journal.append(run.about, kind="run", at=at, by=run.asked_by, text=text, url=f"/diagnostics/runs/{run.pk}/", data={"run": run.pk})


def last_runs(*, about: str = "") -> dict[str, DiagnosticRun]:
    """The newest run of each diagnostic, of that subject if one is named. 1 query for each registered diagnostic."""
    found = DiagnosticRun.objects.filter(about=about) if about else DiagnosticRun.objects.all()
    newest = {slug: found.filter(diagnostic=slug).select_related("target").first() for slug, _ in registry.diagnostics}
    return {slug: run for slug, run in newest.items() if run is not None}


def last_healthy(run: DiagnosticRun) -> DiagnosticRun | None:
    """The newest healthy run before this one, same diagnostic and target. 1 query."""
    earlier = DiagnosticRun.objects.filter(diagnostic=run.diagnostic, target=run.target, severity=DiagnosticRun.Severity.OK, pk__lt=run.pk)
    return earlier.first()
