"""Episodes: what each row of the table makes of an observation, and that the order of work does not matter."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.alerts.alertmanager import parse
from incidents.alerts.episodes import Made, Seen, Span, fold, is_only_seen_again, step
from tests.incidents.conftest import all_captures, moment_of

NOON = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def firing(received: float, starts: float = 0) -> Seen:
    return Seen(at(received), at(starts), True)


def resolved(received: float, ends: float, starts: float = 0) -> Seen:
    return Seen(at(received), at(starts), False, at(ends))


def told(*observations: Seen) -> list[Made]:
    """What each observation made, in order."""
    made, last = [], None
    for seen in observations:
        what, last = step(last, seen)
        made.append(what)
    return made


def only(*observations: Seen) -> Span:
    [span] = fold(observations)
    return span


@pytest.mark.parametrize(
    ("observations", "expected"),
    [
        ([firing(1)], [Made.BEGAN]),
        ([firing(1), firing(2)], [Made.BEGAN, Made.SEEN]),
        ([firing(1, starts=0), firing(2, starts=-5)], [Made.BEGAN, Made.CORRECTED]),
        ([firing(1, starts=0), firing(9, starts=8)], [Made.BEGAN, Made.REFIRED]),
        ([firing(1), resolved(5, ends=4)], [Made.BEGAN, Made.ENDED]),
        ([firing(1), resolved(5, ends=-1)], [Made.BEGAN, Made.OLD_NEWS]),
        ([firing(1), resolved(5, ends=4), resolved(6, ends=4)], [Made.BEGAN, Made.ENDED, Made.OLD_NEWS]),
        ([firing(1), resolved(5, ends=4), resolved(9, ends=8)], [Made.BEGAN, Made.ENDED, Made.MOVED]),
        ([resolved(5, ends=4)], [Made.CLOSED]),
        ([firing(1), resolved(5, ends=4), resolved(30, starts=20, ends=29)], [Made.BEGAN, Made.ENDED, Made.CLOSED]),
    ],
)
def test_the_table_of_incoming_observations(observations, expected):
    assert told(*observations) == expected


def test_the_same_start_after_a_false_end_reopens_however_long_ago_it_was():
    span = only(firing(1), resolved(5, ends=4), firing(600))

    assert (span.ended_at, span.reopenings, span.reopened_at) == (None, 1, at(600))


@pytest.mark.parametrize(("starts", "episodes"), [(13.99, 1), (14, 2), (15, 2)])
def test_a_refire_reopens_only_inside_ten_minutes_of_the_end(starts, episodes):
    assert len(fold([firing(1), resolved(5, ends=4), firing(20, starts=starts)])) == episodes


def test_the_old_resolved_riding_along_does_not_end_what_was_reopened():
    observations = [firing(1), resolved(5, ends=4), firing(6), resolved(7, ends=4)]

    assert told(*observations)[-1] == Made.OLD_NEWS
    assert only(*observations).ended_at is None


def test_a_resolved_of_before_does_not_end_what_refired_later():
    assert told(firing(1), firing(30, starts=29), resolved(31, ends=20))[-1] == Made.OLD_NEWS


def test_a_clock_that_is_wrong_on_our_side_ends_and_reopens_all_the_same():
    ahead = 60  # minutes
    observations = [firing(ahead + 1), resolved(ahead + 5, ends=4), firing(ahead + 6), resolved(ahead + 9, ends=8)]

    assert told(*observations) == [Made.BEGAN, Made.ENDED, Made.REOPENED, Made.ENDED]


def test_a_resolve_without_a_time_ends_it_at_the_receipt():
    assert only(firing(1), Seen(at(5), at(0), False)).ended_at == at(5)


def test_the_first_start_is_kept_when_the_source_moves_it_forward():
    assert only(firing(1, starts=0), firing(400, starts=399)).started_at == at(0)


minutes = st.integers(0, 40)
observations = st.lists(
    st.builds(firing, minutes, minutes)
    | st.builds(lambda received, ends, starts: resolved(received, ends, min(starts, ends)), minutes, minutes, minutes),
    max_size=12,
)


@given(observations)
def test_at_most_the_last_is_open_and_none_ends_before_it_starts(seen):
    spans = fold(seen)

    assert all(span.ended_at is not None for span in spans[:-1])
    assert all(span.ended_at is None or span.ended_at >= span.started_at for span in spans)


@given(observations, st.randoms())
def test_the_order_of_work_and_repeats_change_nothing(seen, shuffle):
    again = seen + seen[: len(seen) // 2]
    shuffle.shuffle(again)

    assert [plain(span) for span in fold(again)] == [plain(span) for span in fold(seen)]


def plain(span: Span) -> tuple:
    return span.started_at, span.ended_at, span.was_firing, span.last_seen_at


@given(observations, st.builds(firing, minutes, minutes))
def test_a_late_repeat_costs_one_step_where_that_gives_the_same(seen, late):
    spans = fold(seen)
    last = spans[-1] if spans else None
    if not is_only_seen_again(last, late):
        return

    _, stepped = step(last, late)

    assert stepped == fold([*seen, late])[-1]


def test_the_captured_story_folds_alike_in_two_hundred_orders():
    told = {}
    for capture in all_captures():
        for report in parse(capture["body_raw"].encode(), received_at=moment_of(capture)).reports:
            seen = Seen(moment_of(capture), report.starts_at, report.is_firing, report.ends_at)
            told.setdefault(report.fingerprint, []).append(seen)
    expected = {alert: fold(seen) for alert, seen in told.items()}

    for seed in range(200):
        shuffled = {alert: random.Random(seed).sample(seen, len(seen)) for alert, seen in told.items()}
        assert {alert: fold(seen) for alert, seen in shuffled.items()} == expected
