"""Work a run: once, one at a time on a target, within its time, and told where it belongs.

A run whose worker died ends as lost; it is never done twice by itself.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from portal import clock, due, journal
from portal.accounts.models import User
from portal.errors import DomainError
from portal.locking import locked_one
from portal.models import Due
from portal.secrets import NoKeyFits
from runbooks.diagnostics import facts, guard, probing, registry, results, runs, searching, targets, troubles
from runbooks.diagnostics.redaction import CAP, redact
from runbooks.diagnostics.registry import Diagnostic
from runbooks.diagnostics.results import ROWS, Result
from runbooks.diagnostics.runs import RUN, Origin, State, new
from runbooks.models import DiagnosticRun, Preview, RunRest

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=15)  # renewed every third of it while the look lasts; so a dead worker is noticed soon, and a long look is not lost
BUSY = timedelta(seconds=1)  # until a target is asked for again that another run looks at
FOUND = ("state", "severity", "finished_at", "finding", "output", "figure", "result")  # the rest belongs to others, who may change it meanwhile
PATIENCE = 10.0  # seconds for which the command line waits for a busy target
OVER = "The run was cancelled, or its lease is over"


class Busy(Exception):
    """Another run looks at that target."""


class Gone(Exception):
    """It waits no more: it was cancelled, or is lost, since it was read."""


def work(row: Due, now: datetime) -> None:
    """The handler of `diagnostics.run`."""
    run = _read(int(row.key))
    if run.state != State.QUEUED:
        lose(row, now)
        return
    try:
        _begin(run, now)
    except Busy:
        due.postpone(row, now + BUSY)
        return
    except Gone:
        return
    done = _look(run, now, wanted=_renewing(row))
    with transaction.atomic():
        if done is not None and due.settle(row):
            _finish(run, done, clock.now())


def run_here(
    slug: str, *, given: dict[str, Any], target: str = "", about: str = "", by: User | None = None, at: datetime
) -> tuple[DiagnosticRun, Result]:
    """Run it in this process, for the command line; kept like any other run. Raises: DomainError, Invalid."""
    with transaction.atomic():
        run = new(slug, given=given, target=target, about=about, by=by, at=at, origin=Origin.COMMAND)
        due.put(RUN, str(run.pk), at=at + LEASE)  # whoever ends this process ends the run: it is lost then
    return work_here(run, at)


def work_here(run: DiagnosticRun, at: datetime) -> tuple[DiagnosticRun, Result]:
    """As `work`, without a claimed row: the row of the run is moved along while the look lasts. Raises: DomainError, the target is busy."""
    row, patience = str(run.pk), time.monotonic() + PATIENCE
    while True:
        try:
            _begin(run, at)
            break
        except Busy:
            if time.monotonic() > patience:
                due.cancel(RUN, [row])
                _finish(run, (State.CANCELLED, results.failed("Another run looks at this target", "Try again when it is over.")), clock.now())
                raise DomainError(f"Another run looks at {run.target}; try again when it is over.", code="target_busy") from None
            time.sleep(0.2)
        except Gone:
            raise DomainError(f"{OVER}.", code="cancelled") from None
    done = _look(run, at, wanted=_every_third(lambda: due.move(RUN, row, at=clock.now() + LEASE)))
    if done is None:
        raise DomainError(f"{OVER}.", code="cancelled")
    with transaction.atomic():
        if not due.cancel(RUN, [row]):
            raise DomainError(f"{OVER}.", code="cancelled")
        result = _finish(run, done, clock.now())
    return run, result


def lose(row: Due, now: datetime) -> None:
    """Its worker died in the middle: say so, and do not do it again."""
    with transaction.atomic():
        if not due.settle(row):
            return
        run = locked_one(DiagnosticRun.objects.select_related("target", "asked_by"), int(row.key))
        if run.is_finished:
            return
        run.state, run.finished_at = State.LOST, now
        acted = guard.acted_by(run)
        run.finding = (
            "Lost with its worker in the middle of the act; look at each item before anything else" if acted else "Lost with its worker; run it again"
        )
        run.severity = DiagnosticRun.Severity.BAD if acted else DiagnosticRun.Severity.WARN
        run.save(update_fields=["state", "severity", "finding", "finished_at"])
        _tell(run, now)
        _call_next(run, now)


def _read(pk: int) -> DiagnosticRun:
    return DiagnosticRun.objects.select_related("target__service", "asked_by", "schedule").get(pk=pk)


def _begin(run: DiagnosticRun, at: datetime) -> None:
    """The constraint `run_one_at_a_time_on_a_target` is the lock. Raises: Busy, Gone."""
    try:
        with transaction.atomic():
            begun = DiagnosticRun.objects.filter(pk=run.pk, state=State.QUEUED).update(state=State.RUNNING, started_at=at)
    except IntegrityError:
        raise Busy from None
    if not begun:
        raise Gone
    run.state, run.started_at = State.RUNNING, at


def _renewing(row: Due) -> Callable[[], bool]:
    return _every_third(lambda: due.renew(row))


def _every_third(renew: Callable[[], bool]) -> Callable[[], bool]:
    """Asked often while the look lasts: renews the lease every third of it. False: it is no longer ours."""
    last = time.monotonic()

    def still_wanted() -> bool:
        nonlocal last
        if time.monotonic() - last < LEASE.total_seconds() / 3:
            return True
        last = time.monotonic()
        return renew()

    return still_wanted


def _look(run: DiagnosticRun, now: datetime, *, wanted: Callable[[], bool]) -> tuple[str, Result] | None:
    """How it ended and what was found; None when nobody waits for it any more."""
    diagnostic = registry.diagnostics.get(run.diagnostic)
    if diagnostic is None:
        return State.FAILED, results.failed(f"There is no diagnostic “{run.diagnostic}” any more", "An administrator installs it again.")
    try:
        place = targets.place_of(run.target, facts.told(run, now))
    except NoKeyFits as refusal:
        return State.FAILED, results.failed(f"The password of {run.target} cannot be read", str(refusal))
    preview = guard.acted_by(run)
    message = {"diagnostic": diagnostic.slug, "place": place.as_json(), "parameters": run.parameters}
    if preview:
        message["items"] = preview.items
    try:
        answer = probing.ask(message, seconds=diagnostic.timeout, wanted=wanted)
    except probing.Unwanted:
        return None
    except probing.TooLong:
        trouble = troubles.too_long(place, diagnostic.timeout)
        return State.TIMED_OUT, results.failed(trouble.what, guard.UNKNOWN if preview else trouble.step)
    except probing.Died:
        return State.FAILED, results.failed(
            f"The process that looked ended in the middle of {diagnostic.slug}", guard.UNKNOWN if preview else "Run it again."
        )
    return _answered(run, diagnostic, preview, answer)


def _answered(run: DiagnosticRun, diagnostic: Diagnostic, preview: Preview | None, answer: dict[str, Any]) -> tuple[str, Result]:
    if "bug" in answer:
        logger.error("diagnostic failed", extra={"run": run.pk, "diagnostic": run.diagnostic, "error": answer["bug"], "at": answer["where"]})
        step = f"Tell whoever wrote {diagnostic.slug}: {answer['bug']} at {answer['where']}."
        return State.FAILED, results.failed("The diagnostic itself failed", step)
    if "outcomes" in answer:
        return State.DONE, guard.told(diagnostic, preview, answer["outcomes"])
    found = results.from_json(answer["result"])
    return State.DONE, results.failed(found.finding, guard.UNKNOWN) if preview else found


def _finish(run: DiagnosticRun, done: tuple[str, Result], at: datetime) -> Result:
    """Write what was found, without secrets and within limits; in the caller's transaction."""
    state, result = done
    result = clean(result, targets.secrets_of(run.target))
    run.state, run.severity, run.finished_at = state, result.severity, at
    run.finding, run.output = result.finding, result.text
    run.figure = result.numbers.get(result.figure)
    kept = result.as_json()
    run.result = {name: kept[name] for name in ("columns", "rows", "numbers", "next_step", "blocks", "document")}
    if len(result.text) > CAP:
        run.output = f"{result.text[:CAP]}\n… cut here, {len(result.text):,} characters in the file"
    run.save(update_fields=FOUND)
    if len(result.text) > CAP:
        RunRest.objects.create(run=run, text=result.text)
    if registry.find(run.diagnostic).kind == "changes" and state == State.DONE:
        guard.keep(run, result, at)
    searching.index(run)
    for _, tell in runs.finished:
        tell(run, at)
    _tell(run, at)
    _call_next(run, at)
    return result


def clean(result: Result, secrets: tuple[str, ...]) -> Result:
    """Every text in it redacted, and no more rows and text than are kept."""
    told = redact_all(result.as_json(), secrets)
    told["rows"], told["text"] = told["rows"][:ROWS], told["text"][: results.TEXT]
    told["finding"] = " ".join(told["finding"].split())[:300]
    told["items"] = [item for item in result.items if redact_all(item, secrets) == item]  # kept as they are, to be compared before the act
    if len(told["items"]) < len(result.items):
        told["finding"] = f"{told['finding']}; {len(result.items) - len(told['items'])} left out, for they hold what looks like a secret"[:300]
    return results.from_json(told)


def redact_all(value: Any, secrets: tuple[str, ...]) -> Any:
    """`value` (plain JSON) with every text in it redacted."""
    if isinstance(value, str):
        return redact(value, secrets=secrets)
    if isinstance(value, list):
        return [redact_all(part, secrets) for part in value]
    if isinstance(value, dict):
        return {key: redact_all(part, secrets) for key, part in value.items()}
    return value


def _tell(run: DiagnosticRun, at: datetime) -> None:
    if run.about:
        known = registry.diagnostics.get(run.diagnostic)
        text = f"{known.title if known else run.diagnostic}{f' on {run.target}' if run.target else ''}: {run.finding}"
        journal.append(run.about, kind="run", at=at, by=run.asked_by, text=text, url=run.get_absolute_url(), data={"run": run.pk})


def _call_next(run: DiagnosticRun, at: datetime) -> None:
    """Whoever waits for this target goes on at once. 1-3 queries."""
    if run.target_id:
        waiting = DiagnosticRun.objects.filter(target=run.target_id, state=State.QUEUED).order_by("pk").values_list("pk", flat=True).first()
        if waiting:
            due.move(RUN, str(waiting), at=at)
