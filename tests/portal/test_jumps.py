"""The clock of a single machine is set back: what waits follows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal import due, jumps, probe
from portal.models import Due

pytestmark = pytest.mark.django_db


def test_a_step_back_is_noticed_once_and_small_ones_are_not(monkeypatch):
    readings = iter([1000.0, 1000.2, 1000.2 - 3600, 1000.2 - 3600])
    monkeypatch.setattr(jumps.Watch, "_measure", lambda self: next(readings))
    watch = jumps.Watch()

    assert [watch.jumped_back() for _ in range(3)] == [timedelta(0), timedelta(hours=1), timedelta(0)]


@pytest.mark.only_on("sqlite")
def test_what_waits_is_due_as_much_earlier(noon):
    due.put(probe.PROBE, "main", at=noon)

    jumps.follow(timedelta(hours=1))

    assert Due.objects.get().due_at == noon - timedelta(hours=1)


@pytest.mark.only_on("postgresql")
def test_on_postgresql_one_hosts_clock_moves_nothing(noon):
    due.put(probe.PROBE, "main", at=noon)

    assert jumps.follow(timedelta(hours=1)) == 0
