"""When a rung is due: on the owner's calendar, always in order, always another one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postmortems.calendars import WorkingDays
from postmortems.ladder import Ladder

BERLIN, AUCKLAND = ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Auckland")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def ladder(due_on, zone="UTC", *, dated_at=LONG_AGO, early=True, away=(), country=""):
    days = WorkingDays(ZoneInfo(zone), country, tuple(away))
    return Ladder(due_on, days.zone, days.off, dated_at=dated_at, early=early)


def test_a_rung_falls_due_at_nine_where_the_owner_lives():
    assert ladder(date(2026, 3, 3), "Europe/Berlin").moment_of(0) == datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
    assert ladder(date(2026, 3, 3), "Pacific/Auckland").moment_of(0) == datetime(2026, 3, 2, 20, 0, tzinfo=UTC)


@pytest.mark.parametrize(("due_on", "rung", "day"), [(15, -7, 6), (10, -2, 6), (8, 0, 6), (4, 3, 9), (8, 7, 16), (8, 14, 23)])
def test_on_a_day_off_rungs_up_to_the_due_date_move_before_it_and_later_ones_after(due_on, rung, day):
    assert ladder(date(2026, 3, due_on)).moment_of(rung) == datetime(2026, 3, day, 9, 0, tzinfo=UTC)  # the 7th and 8th are a weekend


def test_a_holiday_of_the_owners_country_is_a_day_off():
    assert ladder(date(2026, 12, 25), country="DE").moment_of(0).date() == date(2026, 12, 24)
    assert ladder(date(2026, 12, 25)).moment_of(0).date() == date(2026, 12, 25)


def test_leave_is_days_off():
    away = [(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 14, tzinfo=UTC))]

    assert ladder(date(2026, 3, 4), away=away).moment_of(0).date() == date(2026, 2, 27)
    assert ladder(date(2026, 3, 4), away=away).moment_of(3).date() == date(2026, 3, 16)


def test_nine_stays_nine_over_the_clock_change():
    assert ladder(date(2026, 3, 27), "Europe/Berlin").moment_of(0).hour == 8
    assert ladder(date(2026, 3, 30), "Europe/Berlin").moment_of(0).hour == 7


def test_a_date_set_late_owes_no_rung_that_had_passed_but_always_those_from_the_due_day_on():
    late = ladder(date(2026, 3, 10), dated_at=datetime(2026, 3, 9, 12, tzinfo=UTC))

    assert late.ripe(datetime(2026, 3, 9, 13, tzinfo=UTC), ()) == []
    assert late.ripe(datetime(2026, 3, 10, 9, tzinfo=UTC), ()) == [0]


def test_the_rungs_are_those_of_the_product_then_every_week():
    assert list(islice(ladder(date(2026, 3, 10)).rungs(), 8)) == [-7, -2, 0, 3, 7, 14, 21, 28]
    assert list(islice(ladder(date(2026, 3, 10), early=False).rungs(), 5)) == [0, 3, 7, 14, 21]


def test_an_early_rung_is_owed_only_if_its_moment_was_still_to_come_when_the_date_was_set():
    moment = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)

    assert not ladder(date(2026, 3, 10), dated_at=moment).owes(-7)
    assert ladder(date(2026, 3, 10), dated_at=moment - timedelta(seconds=1)).owes(-7)
    assert ladder(date(2026, 3, 10), dated_at=moment + timedelta(days=30)).owes(0)


def test_the_next_moment_is_after_now_and_in_utc():
    steps = ladder(date(2026, 3, 10), "Europe/Berlin")

    assert steps.next_moment(steps.moment_of(0)) == steps.moment_of(3)
    assert steps.moment_of(0).tzinfo is UTC


@given(
    st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland", "Asia/Kathmandu"]),
    st.lists(st.tuples(st.integers(-30, 60), st.integers(1, 40)), max_size=3),
)
def test_every_rung_has_a_morning_of_a_working_day_and_rungs_keep_their_order(due_on, zone, leaves):
    start = datetime(due_on.year, due_on.month, due_on.day, tzinfo=UTC)
    away = [(start + timedelta(days=first), start + timedelta(days=first + length)) for first, length in leaves]
    steps = ladder(due_on, zone, away=away)
    moments = [steps.moment_of(rung) for rung in islice(steps.rungs(), 12)]

    assert moments == sorted(moments)
    assert all(m.astimezone(ZoneInfo(zone)).hour == 9 and not steps.off(m.astimezone(ZoneInfo(zone)).date()) for m in moments)


@given(st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.integers(-400, 3000))
def test_whatever_the_moment_there_is_a_next_rung_in_the_future(due_on, days):
    now = datetime(2026, 6, 1, 12, tzinfo=UTC) + timedelta(days=days)

    assert now < ladder(due_on).next_moment(now)
