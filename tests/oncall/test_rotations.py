"""A rule in wall-clock time means the same on the two mornings a year when offsets change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncall.rotations import Rule, Window, moment, shift_at, shift_number, shifts

ZONES = ["America/New_York", "Europe/London", "Europe/Paris", "Australia/Sydney", "Australia/Lord_Howe", "Asia/Kathmandu"]
# The Mondays of the weeks in which each zone changes its clock in 2026 (Kathmandu never does).
CHANGES = [date(2026, 3, 2), date(2026, 3, 23), date(2026, 3, 30), date(2026, 9, 28), date(2026, 10, 19), date(2026, 10, 26)]
BERLIN = ZoneInfo("Europe/Berlin")


def weekly(zone="Europe/Berlin", people=(1, 2), handoff=time(9), begins_on=date(2026, 1, 5), **more):
    return Rule(ZoneInfo(zone), handoff, begins_on, people, **more)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("monday", CHANGES, ids=str)
def test_every_minute_of_a_week_with_a_clock_change_has_exactly_one_person(zone, monday):
    rule = weekly(zone, people=(1, 2, 3))
    begin = datetime.combine(monday, time(0), tzinfo=UTC)
    spans = list(shifts(rule, begin, begin + timedelta(days=8)))

    for minute in range(8 * 24 * 60):
        at = begin + timedelta(minutes=minute)
        covering = [span for span in spans if span.starts_at <= at < span.ends_at]
        assert len(covering) == 1
        if minute % 97 == 0:
            assert shift_at(rule, at) == covering[0]


def test_a_hand_off_stays_at_nine_over_the_clock_change_and_the_shift_is_an_hour_shorter():
    rule = weekly()

    spring = shift_at(rule, datetime(2026, 3, 28, 12, 0, tzinfo=UTC))

    assert spring.starts_at.astimezone(BERLIN).hour == spring.ends_at.astimezone(BERLIN).hour == 9
    assert spring.ends_at - spring.starts_at == timedelta(days=7, hours=-1)


def test_a_hand_off_that_the_clock_jumps_over_means_the_first_moment_after_the_gap():
    assert moment(date(2026, 3, 29), time(2, 30), BERLIN) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)  # 03:00 in summer


def test_a_hand_off_that_comes_twice_means_the_first():
    assert moment(date(2026, 10, 25), time(2, 30), BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_half_an_hour_of_lord_howe_is_no_problem():
    assert moment(date(2026, 10, 4), time(2, 15), ZoneInfo("Australia/Lord_Howe")) == datetime(2026, 10, 3, 15, 30, tzinfo=UTC)


def test_the_moment_of_the_hand_off_belongs_to_the_one_who_comes():
    rule = weekly()
    handoff = datetime(2026, 1, 12, 8, 0, tzinfo=UTC)

    assert shift_at(rule, handoff - timedelta(microseconds=1)).person == 1
    assert shift_at(rule, handoff).person == 2


def test_nobody_before_the_first_hand_off_or_without_people():
    assert shift_at(weekly(), datetime(2026, 1, 5, 7, 59, tzinfo=UTC)) is None
    assert shift_at(weekly(people=()), datetime(2026, 2, 1, tzinfo=UTC)) is None


@settings(max_examples=300, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    people=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    handoff=st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    hours=st.lists(st.sampled_from([1, 8, 12, 24, 48, 120, 168, 336]), min_size=1, max_size=3).map(tuple).filter(lambda h: sum(h) >= 24),
    begins_on=st.dates(date(2025, 6, 1), date(2026, 1, 1)),
    at=st.datetimes(datetime(2025, 5, 1), datetime(2026, 12, 1)).map(lambda t: t.replace(tzinfo=UTC)),
)
def test_arithmetic_equals_counting_shift_by_shift(zone, people, handoff, hours, begins_on, at):
    rule = Rule(ZoneInfo(zone), handoff, begins_on, people, hours)
    number, naive = 0, None
    while (candidate := shift_number(rule, number)).starts_at <= at:
        naive = candidate if at < candidate.ends_at else naive
        number += 1

    assert shift_at(rule, at) == naive


def test_daily_weekly_and_every_second_week_count_days():
    days = {lengths: (s := shift_number(weekly(hours=lengths), 1)).ends_at - s.starts_at for lengths in [(24,), (168,), (336,)]}

    assert [length.days for length in days.values()] == [1, 7, 14]


def test_lengths_in_turn_make_weekdays_and_weekends():
    rule = weekly(hours=(5 * 24, 2 * 24))

    found = [(shift.person, f"{shift.starts_at.astimezone(BERLIN):%a %H}") for shift in (shift_number(rule, n) for n in range(4))]

    assert found == [(1, "Mon 09"), (2, "Sat 09"), (1, "Mon 09"), (2, "Sat 09")]


def test_a_shift_that_begins_and_ends_in_one_gap_is_nobodys():
    rule = weekly(handoff=time(2), begins_on=date(2026, 3, 29), hours=(1, 23), people=(1, 2))  # 02:00 to 03:00 does not exist that day

    assert [shift.person for shift in shifts(rule, datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 3, 29, 12, tzinfo=UTC))] == [2]


def test_windows_cut_shifts_and_change_nobodys_turn():
    rule = weekly(hours=(24,), windows=(Window(frozenset(range(5)), time(9), time(17)),))

    found = list(shifts(rule, datetime(2026, 1, 9, tzinfo=UTC), datetime(2026, 1, 13, tzinfo=UTC)))

    assert [(f"{shift.starts_at.astimezone(BERLIN):%a %H}", f"{shift.ends_at.astimezone(BERLIN):%H}", shift.person) for shift in found] == [
        ("Fri 09", "17", 1),
        ("Mon 09", "17", 2),
    ]
    assert shift_at(rule, datetime(2026, 1, 10, 12, tzinfo=UTC)) is None


def test_a_window_over_midnight_ends_on_the_next_day():
    rule = weekly(windows=(Window(frozenset({4}), time(22), time(6)),))

    friday_night = shift_at(rule, datetime(2026, 1, 10, 2, tzinfo=UTC))

    assert (friday_night.starts_at, friday_night.ends_at) == (datetime(2026, 1, 9, 21, tzinfo=UTC), datetime(2026, 1, 10, 5, tzinfo=UTC))


def test_a_temporary_schedule_ends_at_the_hand_off_of_its_last_day():
    rule = weekly(ends_on=date(2026, 1, 14))
    end = datetime(2026, 1, 14, 8, tzinfo=UTC)

    assert shift_at(rule, end - timedelta(minutes=1)).ends_at == end
    assert shift_at(rule, end) is None
    assert [shift.ends_at for shift in shifts(rule, end - timedelta(days=1), end + timedelta(days=9))] == [end]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("handoff", [time(2, 30), time(2, 15), time(1, 30), time(0)], ids=str)
def test_odd_hand_offs_leave_no_minute_without_a_person_in_any_zone(zone, handoff):
    rule = weekly(zone, people=(1, 2, 3), handoff=handoff, hours=(24,), begins_on=date(2026, 1, 1))

    for monday in CHANGES:
        begin = datetime.combine(monday, time(0), tzinfo=UTC)
        spans = list(shifts(rule, begin, begin + timedelta(days=8)))
        assert spans[0].starts_at <= begin
        assert all(one.ends_at == other.starts_at for one, other in pairwise(spans))
        assert spans[-1].ends_at >= begin + timedelta(days=8)
