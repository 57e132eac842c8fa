"""Two at the same moment: neither waits for the other for ever, nothing that was found is lost, and nothing is done twice."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from portal import clock, due
from portal.errors import DomainError
from portal.models import Due
from runbooks.diagnostics import runs, schedules, working
from runbooks.diagnostics.results import Result
from runbooks.models import DiagnosticRun, Schedule, Target

pytestmark = pytest.mark.django_db(transaction=True)
MEANWHILE = 0.2  # seconds that the other has to get into the way; it waits for us longer than that
FOUND = ("done", Result("3 stale jobs", "bad", "3 stale jobs", numbers={"stale": 3}, figure="stale"))


class Other(threading.Thread):
    """Somebody else, at the same moment."""

    def __init__(self, act) -> None:
        super().__init__(daemon=True)
        self.act, self.answer = act, None

    def run(self) -> None:
        try:
            self.answer = self.act()
        except Exception as refusal:
            self.answer = refusal
        finally:
            connection.close()

    def gets_into_the_way(self) -> None:
        self.start()
        self.join(MEANWHILE)


@pytest.fixture
def target(db):
    return Target.objects.create(slug="jobs", kind="redis", host="127.0.0.1", port=1)


@pytest.fixture
def schedule(target, ana):
    return schedules.make("stale-jobs", given={}, target="jobs", every=timedelta(minutes=5), by=ana, at=clock.now())


@pytest.fixture
def settled(monkeypatch):
    """Calls what it is given between the moment that a row is settled and whatever is written then."""
    settle = due.settle

    def then(act):
        def settle_and_act(row):
            won = settle(row)
            monkeypatch.setattr(due, "settle", settle)
            act()
            return won

        monkeypatch.setattr(due, "settle", settle_and_act)

    return then


def claimed(kind):
    [row] = [row for row in due.claim("work", clock.now()) if row.kind == kind]
    return row


def test_a_run_that_is_cancelled_while_its_end_is_written_keeps_what_was_found(target, ana, monkeypatch, settled):
    run = runs.ask("stale-jobs", given={}, by=ana, at=clock.now())
    row, other = claimed(runs.RUN), Other(lambda: runs.cancel(run.pk, by=ana, at=clock.now()))
    monkeypatch.setattr(working, "_look", lambda *_, **__: FOUND)
    settled(other.gets_into_the_way)

    working.work(row, clock.now())

    other.join()
    run.refresh_from_db()
    assert (run.state, run.finding) == ("done", "3 stale jobs")
    assert isinstance(other.answer, DomainError) and other.answer.code == "already_over"


def test_a_run_that_is_cancelled_after_it_was_read_is_not_begun(target, ana, monkeypatch):
    run = runs.ask("stale-jobs", given={}, by=ana, at=clock.now())
    row, read = claimed(runs.RUN), working._read(run.pk)
    monkeypatch.setattr(working, "_read", lambda pk: read)
    monkeypatch.setattr(working, "_look", lambda *_, **__: pytest.fail("it looked"))
    runs.cancel(run.pk, by=ana, at=clock.now())

    working.work(row, clock.now())

    run.refresh_from_db()
    assert (run.state, run.finding) == ("cancelled", "Cancelled by Ana")


def test_a_run_that_two_workers_read_is_begun_once(target, ana, monkeypatch):
    """As after a worker that stood still for longer than its lease."""
    run = runs.ask("stale-jobs", given={}, by=ana, at=clock.now())
    first, second = working._read(run.pk), working._read(run.pk)

    working._begin(first, clock.now())

    with pytest.raises(working.Gone):
        working._begin(second, clock.now())


def test_what_a_run_found_is_kept_when_its_schedule_is_removed_meanwhile(schedule, monkeypatch):
    schedules.ask(claimed(schedules.ASK), clock.now())
    row = claimed(runs.RUN)

    def look(*_, **__):
        schedules.remove(schedule.pk)
        return FOUND

    monkeypatch.setattr(working, "_look", look)
    working.work(row, clock.now())

    run = DiagnosticRun.objects.get()
    assert (run.state, run.finding, run.schedule_id) == ("done", "3 stale jobs", None)


def test_a_schedule_that_is_paused_while_it_asks_is_paused(schedule, settled):
    row, other = claimed(schedules.ASK), Other(lambda: schedules.switch(schedule.pk, on=False, at=clock.now()))
    settled(other.gets_into_the_way)

    schedules.ask(row, clock.now())

    other.join()
    assert isinstance(other.answer, Schedule), other.answer
    assert not Schedule.objects.get().is_active
    assert schedule.runs.count() == 1
    Due.objects.filter(kind=schedules.ASK).update(due_at=clock.now())
    for row in due.claim("work", clock.now()):
        due.work(row) if row.kind == schedules.ASK else due.postpone(row, clock.now())
    assert schedule.runs.count() == 1
