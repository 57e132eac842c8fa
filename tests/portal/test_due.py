"""Rows are the queue: claimed once, given back by a crash, settled by the holder of the lease only."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from portal import clock, due
from portal.models import Due

LEASE = timedelta(seconds=12)
worked: list[str] = []


def note(row, now):
    with transaction.atomic():
        if due.settle(row):
            worked.append(row.key)


def stumble(row, now):
    raise ValueError("cannot be done")


@pytest.fixture(autouse=True)
def _kinds(monkeypatch):
    worked.clear()
    monkeypatch.setattr(due, "KINDS", dict(due.KINDS))
    due.register("test.note", note, lease=LEASE, pool="test")
    due.register("test.stumble", stumble, lease=LEASE, pool="test")
    due.register(
        "test.once", note, lease=LEASE, pool="once", on_expiry="lost", lost=lambda row, now: worked.append(f"lost {row.key}") or due.settle(row)
    )


def the_lease_runs_out(**filters):
    Due.objects.filter(**filters).update(due_at=timezone.now() - timedelta(seconds=1))


@pytest.mark.django_db
def test_asking_twice_makes_one_row_at_the_earlier_time(noon):
    due.put("test.note", "a", at=noon)
    due.put("test.note", "a", at=noon - timedelta(minutes=5))
    due.put("test.note", "a", at=noon + timedelta(minutes=5))

    [row] = Due.objects.filter(kind="test.note")

    assert row.due_at == noon - timedelta(minutes=5)


@pytest.mark.django_db
def test_a_row_is_claimed_when_its_time_has_come_and_not_before(noon):
    due.put("test.note", "a", at=noon)

    early = due.claim("test", noon - timedelta(microseconds=1))
    [row] = due.claim("test", noon)
    again = due.claim("test", noon + timedelta(days=1))

    assert (early, row.key, row.attempts, again) == ([], "a", 1, [])


@pytest.mark.django_db
def test_the_most_urgent_row_is_claimed_first(noon):
    due.put("test.note", "reminder", at=noon - timedelta(hours=1), priority=3)
    due.put("test.note", "page", at=noon, priority=0)

    rows = due.claim("test", noon)

    assert [row.key for row in rows] == ["page", "reminder"]


@pytest.mark.django_db
def test_a_lease_that_ran_out_is_claimed_again_and_the_late_worker_cannot_settle_it(noon):
    due.put("test.note", "a", at=noon)
    [slow] = due.claim("test", noon)
    the_lease_runs_out(key="a")

    [second] = due.claim("test", noon)

    assert second.expired
    assert not due.settle(slow)
    assert due.settle(second)


@pytest.mark.django_db
def test_a_moved_clock_moves_no_lease(noon):
    due.put("test.note", "a", at=noon)
    due.claim("test", noon)

    in_a_month = due.claim("test", noon + timedelta(days=30))

    assert in_a_month == []


@pytest.mark.django_db
def test_an_exception_is_written_to_its_row_and_the_others_go_on(noon):
    due.put("test.stumble", "bad", at=noon, priority=0)
    due.put("test.note", "good", at=noon)

    due.run("test")

    row = Due.objects.get(key="bad")
    assert worked == ["good"]
    assert "cannot be done" in row.last_error
    assert row.lease is None
    assert row.due_at > clock.now()


@pytest.mark.django_db
def test_a_row_that_kills_its_worker_five_times_is_set_aside(noon):
    due.put("test.note", "deadly", at=noon)
    for _ in range(5):
        due.claim("test", noon)
        the_lease_runs_out(key="deadly")

    due.run("test")

    assert worked == []
    assert Due.objects.get(key="deadly").set_aside
    assert due.claim("test", noon + timedelta(days=1)) == []


@pytest.mark.django_db
def test_a_kind_that_must_not_be_done_twice_ends_as_lost(noon):
    due.put("test.once", "kill jobs", at=noon)
    due.claim("once", noon)
    the_lease_runs_out(key="kill jobs")

    due.run("once")

    assert worked == ["lost kill jobs"]


@pytest.mark.django_db
def test_a_cancelled_row_cannot_be_settled_by_whoever_holds_it(noon):
    due.put("test.note", "a", at=noon)
    [row] = due.claim("test", noon)

    due.cancel("test.note", ["a"])

    assert not due.settle(row)


@pytest.mark.django_db(transaction=True)
def test_six_claimers_at_once_work_each_row_once(noon):
    for n in range(60):
        due.put("test.note", str(n), at=noon)
    start = threading.Barrier(6)

    def claimer():
        start.wait()
        while rows := due.claim("test", noon, limit=3):
            for row in rows:
                due.work(row)
        connection.close()

    threads = [threading.Thread(target=claimer) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(worked, key=int) == [str(n) for n in range(60)]
    assert not Due.objects.filter(kind="test.note").exists()
