"""Layers and overrides: the highest that covers answers, what was written last wins, and the fast way equals the naive one."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from oncall.rotations import Rule, Window
from oncall.schedule import Layer, Written, answer_at, answers, schedule
from tests.oncall import naive
from tests.oncall.test_rotations import ZONES

BERLIN = ZoneInfo("Europe/Berlin")
# The Sundays on which each zone changes its clock in 2026 (Kathmandu: two Sundays like any other).
SUNDAYS = {
    "America/New_York": [date(2026, 3, 8), date(2026, 11, 1)],
    "Europe/London": [date(2026, 3, 29), date(2026, 10, 25)],
    "Europe/Paris": [date(2026, 3, 29), date(2026, 10, 25)],
    "Australia/Sydney": [date(2026, 4, 5), date(2026, 10, 4)],
    "Australia/Lord_Howe": [date(2026, 4, 5), date(2026, 10, 4)],
    "Asia/Kathmandu": [date(2026, 3, 29), date(2026, 10, 25)],
}
BACK, SPAN = 7, 3  # days scanned before the ones that are compared, and compared
noon = datetime(2026, 3, 3, 12, tzinfo=UTC)


def rule(*people, begins_on=date(2026, 1, 5), **more):
    return Rule(BERLIN, time(9), begins_on, people, **more)


def written(pk, kind, person, start=0, end=24):
    return Written(pk, kind, person, noon + timedelta(hours=start), noon + timedelta(hours=end))


def who(plan, at=noon):
    found = answer_at(plan, at)
    return found.people if found else ()


def test_the_highest_layer_that_covers_answers_and_below_it_the_next():
    nights = rule(7, windows=(Window(frozenset(range(7)), time(22), time(6)),))
    plan = schedule([Layer(0, 0, rule(1)), Layer(5, 3, nights)])

    assert who(plan) == (1,)
    assert who(plan, noon + timedelta(hours=11)) == (7,)


def test_of_two_equal_layers_the_later_one_answers():
    assert who(schedule([Layer(4, 2, rule(4)), Layer(9, 2, rule(9)), Layer(0, 0, rule(1))])) == (9,)


def test_whoever_replaces_answers_alone_and_whoever_is_added_beside():
    base = [Layer(0, 0, rule(1))]

    assert who(schedule(base, [written(1, "replace", 5)])) == (5,)
    assert who(schedule(base, [written(1, "add", 5)])) == (1, 5)
    assert who(schedule(base, [written(1, "add", 5), written(2, "replace", 6)])) == (6,)


def test_whoever_is_removed_leaves_to_the_layer_below_or_a_hole():
    base = Layer(0, 0, rule(1))

    assert who(schedule([base, Layer(3, 2, rule(3))], [written(1, "remove", 3)])) == (1,)
    assert who(schedule([base], [written(1, "remove", 1)])) == ()


def test_what_was_written_last_wins():
    base = [Layer(0, 0, rule(1))]

    assert who(schedule(base, [written(1, "replace", 5), written(2, "remove", 5)])) == (1,)
    assert who(schedule(base, [written(2, "replace", 5), written(1, "remove", 5)])) == (5,)


def test_a_sweep_says_holes_and_covers_the_whole_span():
    plan = schedule([Layer(0, 0, rule(1, 2, begins_on=date(2026, 3, 4)))], [written(1, "replace", 9, 72, 96)])

    found = answers(plan, noon, noon + timedelta(days=10))

    assert [answer.people for answer in found] == [(), (1,), (9,), (1,), (2,)]
    assert found[0].starts_at == noon
    assert found[-1].ends_at == noon + timedelta(days=10)


def test_the_same_person_twice_in_a_row_has_two_shifts():
    found = answers(schedule([Layer(0, 0, rule(1))]), noon, noon + timedelta(days=14))

    assert [answer.people for answer in found] == [(1,), (1,), (1,)]


def random_rule(dice, zone, sunday):
    """Anything the editor lets people write, hand-offs in the odd hour more often than not."""
    windows = tuple(
        Window(
            frozenset(dice.sample(range(7), dice.randint(1, 7))),
            time(dice.choice([0, 2, 9, 22]), dice.choice([0, 30])),
            time(dice.choice([0, 2, 3, 17])),
        )
        for _ in range(dice.choice([0, 0, 1, 2]))
    )
    begins = sunday - timedelta(days=dice.randint(1, BACK - 2))
    return Rule(
        ZoneInfo(zone),
        time(dice.choice([0, 1, 2, 2, 2, 3, 9, 17]), dice.choice([0, 15, 30, 45])),
        begins,
        [dice.randint(1, 5) for _ in range(dice.randint(1, 4))],
        tuple(dice.choice([1, 2, 8, 12, 24, 48, 120, 168]) for _ in range(dice.randint(1, 3))),
        windows,
        begins + timedelta(days=dice.randint(1, 20)) if dice.random() < 0.3 else None,
    )


@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.slow) for part in range(1, 10))])
def test_500_random_rules_layers_and_overrides_equal_the_naive_minute_model(part):
    for number in range(part * 50, part * 50 + 50):
        dice = random.Random(number)
        zone = ZONES[number % len(ZONES)]
        sunday = SUNDAYS[zone][number // len(ZONES) % 2]
        start = datetime.combine(sunday - timedelta(days=BACK), time(0), tzinfo=UTC)
        zones = [zone, zone, dice.choice(ZONES)]
        layers = [(0 if n == 0 else dice.randint(1, 3), n, random_rule(dice, zones[n], sunday)) for n in range(dice.randint(1, 3))]
        compared = start + timedelta(days=BACK - 1)
        overrides = [
            Written(pk, dice.choice(["replace", "add", "remove"]), dice.randint(1, 6), begins, begins + timedelta(minutes=dice.randint(1, 3000)))
            for pk in range(dice.randint(0, 5))
            for begins in [compared + timedelta(minutes=dice.randint(-1500, SPAN * 1440))]
        ]
        plan = schedule([Layer(pk, priority, rule) for priority, pk, rule in layers], overrides)
        expected = naive.answer(layers, overrides, start, (BACK - 1 + SPAN) * 1440)[(BACK - 1) * 1440 :]

        swept = [frozenset(span.people) for span in answers(plan, compared, compared + timedelta(days=SPAN)) for _ in range(minutes(span))]

        assert swept == expected, f"seed {number}"
        for minute in range(0, SPAN * 1440, 37):
            at = compared + timedelta(minutes=minute)
            found = answer_at(plan, at)
            assert frozenset(found.people if found else ()) == expected[minute], f"seed {number}, {at}"
            assert found is None or found.starts_at <= at < found.ends_at


def minutes(span):
    length = span.ends_at - span.starts_at
    assert length % timedelta(minutes=1) == timedelta(0)
    return length // timedelta(minutes=1)
