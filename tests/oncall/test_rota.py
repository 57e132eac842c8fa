"""Who answers now, and why; a hole is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from oncall import escalation, hours, reaching, rota
from oncall.models import Override, Rotation

pytestmark = pytest.mark.django_db


def step(whom, minutes=0, person=None):
    return escalation.Step(timedelta(minutes=minutes), whom, person)


def test_the_one_whose_turn_it_is_answers(rotation, crew, ana, noon):
    reached = reaching.whom(crew, step("primary"), noon)

    assert reached.people == [ana]
    assert reached.why == "Has the shift in “Crew primary”"


def test_whoever_covers_answers_while_the_cover_lasts(rotation, crew, ana, ben, noon):
    Override.objects.create(rotation=rotation, person=ben, starts_at=noon, ends_at=noon + timedelta(hours=2))

    assert reaching.whom(crew, step("primary"), noon).people == [ben]
    assert reaching.whom(crew, step("primary"), noon + timedelta(hours=2)).people == [ana]


def test_an_account_that_is_switched_off_is_a_hole_with_its_reason(rotation, crew, ana, noon):
    ana.is_active = False
    ana.save()

    reached = reaching.whom(crew, step("primary"), noon)

    assert reached.people == []
    assert "the account of Ana" in reached.why


def test_a_team_without_a_secondary_says_so(rotation, crew, noon):
    assert reaching.whom(crew, step("secondary"), noon) == reaching.Reached([], "Crew has no secondary rotation")


def test_leads_are_asked_by_name(crew, noon):
    assert [user.name for user in reaching.whom(crew, step("lead"), noon).people] == ["Lea"]


def test_who_is_on_call_costs_the_same_for_one_rotation_and_for_many(rotation, crew, ana, noon, django_assert_num_queries):
    for n in range(20):
        team = type(crew).objects.create(name=f"Team {n}", slug=f"team-{n}")
        Rotation.objects.create(team=team, name=f"Rotation {n}", begins_on=noon.date())

    with django_assert_num_queries(6):
        seats = rota.on_call_now(noon)

    assert len(seats) == 21


def test_steps_are_taken_in_their_order_and_time_round_by_round(policy, crew, noon):
    plan = reaching.plan_for(crew, 1)

    found = [escalation.next_step(plan, begun_at=noon, taken=n) for n in range(12)]

    assert [(n.step.whom, (n.at - noon).total_seconds() / 60) for n in found[:5]] == [
        ("primary", 0),
        ("primary", 5),
        ("secondary", 15),
        ("lead", 25),
        ("primary", 30),
    ]
    assert found[11].round == 2
    assert escalation.next_step(plan, begun_at=noon, taken=12) is None


def test_business_hours_are_the_services_own_over_both_clock_changes(runner):
    for day in (datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC), datetime(2026, 10, 26, tzinfo=UTC)):
        opening = hours.next_opening(runner, day)
        assert opening.astimezone(runner.zone).hour == 9
        assert not hours.is_open(runner, opening - timedelta(minutes=1))
        assert hours.is_open(runner, opening)


def test_the_weekend_is_closed_and_monday_opens(runner):
    friday_evening = datetime(2026, 3, 27, 18, 0, tzinfo=UTC)

    assert not hours.is_open(runner, friday_evening)
    assert hours.next_opening(runner, friday_evening) == datetime(2026, 3, 30, 7, 0, tzinfo=UTC)
