"""Schedules: a run again and again, its number over time, and what one look at the line says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Subquery

from portal import due
from portal.accounts.models import User
from portal.errors import DomainError, Invalid
from portal.models import Due
from runbooks.diagnostics import registry, runs, targets
from runbooks.models import DiagnosticRun, Schedule

ASK = "diagnostics.schedule"
LEASE = timedelta(seconds=30)
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=31)
HISTORY = 60  # runs drawn


@transaction.atomic
def make(slug: str, *, given: dict[str, Any], target: str, every: timedelta, by: User, at: datetime) -> Schedule:
    """Asked for from now on. Raises: DomainError, Invalid."""
    diagnostic = registry.find(slug)
    if diagnostic.kind != "reads":
        raise DomainError(f"{slug} changes something; only what reads is run by itself.", code="needs_guard")
    if not SHORTEST <= every <= LONGEST:
        raise Invalid("Run it every minute at most, and every 31 days at least.")
    schedule = Schedule.objects.create(
        diagnostic=slug, target=targets.choose(diagnostic, target), parameters=diagnostic.read(given), every=every, created_by=by, created_at=at
    )
    due.put(ASK, str(schedule.pk), at=at, priority=3)
    return schedule


@transaction.atomic
def switch(schedule_id: int, *, on: bool, at: datetime) -> Schedule:
    """Pause it, or go on."""
    Schedule.objects.filter(pk=schedule_id).update(is_active=on)  # no harder lock: a run that is just asked for names this row
    if on:
        due.put(ASK, str(schedule_id), at=at, priority=3)
    else:
        due.cancel(ASK, [str(schedule_id)])
    return Schedule.objects.get(pk=schedule_id)


@transaction.atomic
def remove(schedule_id: int) -> None:
    """Its runs stay."""
    due.cancel(ASK, [str(schedule_id)])
    Schedule.objects.filter(pk=schedule_id).delete()


def ask(row: Due, now: datetime) -> None:
    """The handler of `diagnostics.schedule`: one run, and the next moment. A run that is still on is not asked for again."""
    with transaction.atomic():
        schedule = Schedule.objects.select_related("target").filter(pk=int(row.key)).first()
        if not due.settle(row) or schedule is None or not schedule.is_active:
            return
        if not schedule.runs.filter(finished_at=None).exists():
            _ask(schedule, now)
        due.put(ASK, row.key, at=now + schedule.every, priority=3)


def _ask(schedule: Schedule, now: datetime) -> None:
    """A diagnostic or target that is gone is a failed run: the history says so."""
    target = schedule.target.slug if schedule.target else ""
    told: dict[str, Any] = {"by": None, "at": now, "origin": DiagnosticRun.Origin.SCHEDULE, "schedule": schedule}
    try:
        runs.ask(schedule.diagnostic, given=schedule.parameters, target=target, **told)
    except DomainError as refusal:
        DiagnosticRun.objects.create(
            diagnostic=schedule.diagnostic,
            target=schedule.target,
            parameters=schedule.parameters,
            origin=DiagnosticRun.Origin.SCHEDULE,
            schedule=schedule,
            state=DiagnosticRun.State.FAILED,
            severity=DiagnosticRun.Severity.WARN,
            finding=str(refusal)[:300],
            queued_at=now,
            finished_at=now,
        )


def history(schedule: Schedule) -> list[DiagnosticRun]:
    """The last finished runs, oldest first. 1 query."""
    return list(schedule.runs.exclude(finished_at=None).select_related("target").order_by("-pk")[:HISTORY])[::-1]


def last_ids(found: Sequence[Schedule]) -> list[Any]:
    """For one query: the newest run of each schedule."""
    runs_of = DiagnosticRun.objects.order_by("-pk").values("pk")
    return [Subquery(runs_of.filter(schedule=schedule.pk)[:1]) for schedule in found]


def words(history: list[DiagnosticRun]) -> str:
    """What the line shows, in one sentence: for those who do not see it."""
    numbers = [run.figure for run in history if run.figure is not None]
    if len(numbers) < 2:
        return "No line yet: it takes two runs with a number."
    first, last, low, high = (f"{number:g}" for number in (numbers[0], numbers[-1], min(numbers), max(numbers)))
    way = "rising" if numbers[-1] > numbers[0] else "falling" if numbers[-1] < numbers[0] else "level"
    sick = sum(run.severity == DiagnosticRun.Severity.BAD or run.state != DiagnosticRun.State.DONE for run in history)
    return f"{way.capitalize()} from {first} to {last} over {len(numbers)} runs, between {low} and {high}; {sick} of {len(history)} not well."
