"""Runs: asked for as a row, cancelled, run again, read back. `working` works them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Subquery

from portal import due
from portal.accounts.models import User
from portal.errors import DomainError
from portal.shelves import Shelf
from runbooks.diagnostics import registry, targets
from runbooks.models import DiagnosticRun, Schedule

RUN = "diagnostics.run"
State, Origin = DiagnosticRun.State, DiagnosticRun.Origin

# Journal subjects that are hidden from a person (None: from everybody who is not named).
hidden_subjects: Shelf[Callable[[User | None], set[str]]] = Shelf("hidden subjects")

# Told of each run that ended with a result, in the transaction that writes it.
finished: Shelf[Callable[[DiagnosticRun, datetime], None]] = Shelf("listeners of runs")


def hidden_from(user: User) -> set[str]:
    """1 query for each shelf entry."""
    return {subject for _, hidden in hidden_subjects for subject in hidden(user)}


@transaction.atomic
def ask(
    slug: str,
    *,
    given: dict[str, Any],
    target: str = "",
    about: str = "",
    by: User | None,
    at: datetime,
    origin: str = Origin.PERSON,
    schedule: Schedule | None = None,
) -> DiagnosticRun:
    """A queued run and the row that has it worked. Of one that changes something this is its preview. Raises: DomainError, Invalid."""
    run = new(slug, given=given, target=target, about=about, by=by, at=at, origin=origin, schedule=schedule)
    due.put(RUN, str(run.pk), at=at, priority=2)
    return run


def new(
    slug: str,
    *,
    given: dict[str, Any],
    target: str,
    about: str,
    by: User | None,
    at: datetime,
    origin: str = Origin.PERSON,
    schedule: Schedule | None = None,
) -> DiagnosticRun:
    """A queued run that nobody works yet. Raises: DomainError, Invalid."""
    diagnostic = registry.find(slug)
    parameters = diagnostic.read(given)
    return DiagnosticRun.objects.create(
        diagnostic=slug,
        target=targets.choose(diagnostic, target),
        parameters=parameters,
        about=about[:80],
        asked_by=by,
        origin=origin,
        schedule=schedule,
        queued_at=at,
    )


def again(run: DiagnosticRun, *, by: User, at: datetime) -> DiagnosticRun:
    """The same question anew. Raises: DomainError; acting is never done again, only its preview."""
    if hasattr(run, "acts_on"):
        raise DomainError("What changes something is never run again by itself. Ask for a new preview.", code="needs_preview")
    return ask(run.diagnostic, given=run.parameters, target=run.target.slug if run.target else "", about=run.about, by=by, at=at)


@transaction.atomic
def cancel(run_id: int, *, by: User, at: datetime) -> DiagnosticRun:
    """Not wanted any more: a queued run is not begun, the look of a running one is ended. Raises: DomainError, it is over, or it acts."""
    due.cancel(RUN, [str(run_id)])  # first, as whoever ends a run does: two who waited for each other would both fail
    run = DiagnosticRun.objects.select_for_update().get(pk=run_id)
    if run.is_finished:
        raise DomainError(f"This run is over already: {run.finding or run.get_state_display()}.", code="already_over")
    if hasattr(run, "acts_on"):
        raise DomainError("It is changing something right now and cannot be called back.", code="acting")
    run.state, run.severity, run.finished_at = State.CANCELLED, DiagnosticRun.Severity.WARN, at
    run.finding = f"Cancelled by {by}"[:300]
    run.save(update_fields=["state", "severity", "finished_at", "finding"])
    return run


def last_runs(*, about: str = "") -> dict[str, DiagnosticRun]:
    """The newest run of each diagnostic, of that subject if one is named. 1 query, an index look-up for each diagnostic."""
    found = DiagnosticRun.objects.filter(about=about) if about else DiagnosticRun.objects.all()
    newest: list[Any] = [Subquery(found.filter(diagnostic=slug).order_by("-pk").values("pk")[:1]) for slug, _ in registry.diagnostics]
    return {run.diagnostic: run for run in DiagnosticRun.objects.filter(pk__in=newest).select_related("target", "asked_by")}
