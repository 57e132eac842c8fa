"""Simulated before it is saved; covered, swapped and edited with everybody told whose shifts moved."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from oncall import covering, editing, rota, simulation
from oncall.models import Absence, AcceptedGap, Calendar, Layer, Override, Rotation
from portal.errors import DomainError, Invalid, Stale
from portal.notify.models import Message
from tests.conftest import person

pytestmark = pytest.mark.django_db
WEEK = timedelta(weeks=1)
BEN = datetime(2026, 3, 9, 8, tzinfo=UTC)  # Ben's shift begins


def mails():
    return {message.recipient.name: message.body for message in Message.objects.filter(subject__contains="changed")}


def save(target, people, by, at, **more):
    seen = (target if isinstance(target, Rotation) else target.rotation).version
    return editing.save(target, [one.pk for one in people], by=by, at=at, seen=seen, **more)


def test_twelve_months_say_clock_changes_doubles_absences_holidays_and_what_each_carries(rotation, crew, ana, ben, noon):
    other = Rotation.objects.create(team=crew, name="Crew secondary", lane="secondary", begins_on=date(2026, 3, 2))
    other.turns.create(rotation=other, person=ana)
    Absence.objects.create(person=ana, starts_at=noon + timedelta(days=13), ends_at=noon + timedelta(days=15), note="away")
    Calendar.objects.create(person=ben, country="DE-BY")

    report = simulation.simulate(editing.proposed(rotation, [ana.pk, ben.pk], noon), noon)

    assert [(change.hours, change.usual) for change in report.clock_changes] == [(167, 168), (169, 168)]
    assert report.gaps == []
    assert {double.person for double in report.doubles} == {ana}
    assert [away.note for away in report.away] == ["away"]
    assert any(holiday.name == "Christmas Day" for holiday in report.holidays) or report.holidays
    assert [one.person for one in report.carried] == [ana, ben]
    assert abs(sum(one.hours for one in report.carried) - 365 * 24) < 1


def test_a_hole_is_saved_only_with_a_reason_which_is_kept(rotation, ana, ben, noon):
    rotation.windows = "Mon-Fri 09:00-17:00"
    lea = person("Leo", "lead")

    with pytest.raises(editing.Holes):
        save(rotation, [ana, ben], lea, noon)
    rotation.refresh_from_db()
    assert rotation.windows == ""

    rotation.windows = "Mon-Fri 09:00-17:00"
    saved = save(rotation, [ana, ben], lea, noon, reason="Only a demonstration at night")
    assert saved.report.open_gaps
    assert set(AcceptedGap.objects.values_list("reason", flat=True)) == {"Only a demonstration at night"}
    assert simulation.simulate(editing.proposed(rotation, [ana.pk, ben.pk], noon), noon).open_gaps == []


def test_people_whose_shifts_moved_get_the_difference_and_the_editor_none(rotation, ana, ben, noon):
    cleo = person("Cleo")

    save(rotation, [ana, cleo], ana, noon)

    assert set(mails()) == {"Ben", "Cleo"}
    assert "no longer: Mon 9 Mar 08:00 to Mon 16 Mar 08:00 (7 days)" in mails()["Ben"]
    assert "You have no shift left" in mails()["Ben"]
    assert "Your next shift: Mon 9 Mar 08:00" in mails()["Cleo"]


def test_the_second_of_two_editors_is_refused(rotation, ana, ben, noon):
    save(rotation, [ben, ana], ana, noon)

    with pytest.raises(Stale):
        editing.save(rotation, [ana.pk], by=ana, at=noon, seen=1)


def test_a_layer_answers_over_the_rotation_and_is_temporary(rotation, ana, ben, noon):
    layer = Layer(rotation=rotation, name="Holiday season", begins_on=date(2026, 3, 4), ends_on=date(2026, 3, 6), time_zone="Europe/Berlin")

    save(layer, [ben], ana, noon)

    found = [rota.responder(rotation.team, "primary", datetime(2026, 3, day, 12, tzinfo=UTC)).person for day in (3, 4, 6)]
    assert found == [ana, ben, ana]


def test_anyone_covers_a_shift_and_whoever_had_it_is_told(rotation, ana, ben, noon):
    covering.cover(rotation.pk, BEN, BEN + timedelta(days=1), by=ana, at=noon)

    assert rota.responder(rotation.team, "primary", BEN).person == ana
    assert set(mails()) == {"Ben"}


def test_nothing_changes_before_the_other_accepts_a_swap_and_then_both_shifts_do(rotation, ana, ben, noon):
    swap = covering.offer(rotation.pk, ana, BEN, BEN + WEEK, by=ben, at=noon, return_starts_at=BEN + WEEK, return_ends_at=BEN + 2 * WEEK)
    assert not Override.objects.exists()

    covering.accept(swap.pk, by=ana, at=noon)

    assert rota.responder(rotation.team, "primary", BEN).person == ana
    assert rota.responder(rotation.team, "primary", BEN + WEEK).person == ben
    with pytest.raises(DomainError, match="accepted already"):
        covering.decline(swap.pk, by=ana, at=noon)


def test_only_an_own_shift_can_be_offered(rotation, ana, ben, noon):
    with pytest.raises(Invalid, match="not wholly your shift"):
        covering.offer(rotation.pk, ana, BEN, BEN + 2 * WEEK, by=ben, at=noon)
    with pytest.raises(Invalid, match="Choose somebody else"):
        covering.offer(rotation.pk, ben, BEN, BEN + WEEK, by=ben, at=noon)


def test_a_swap_of_a_shift_that_somebody_else_has_by_now_is_refused(rotation, ana, ben, noon):
    swap = covering.offer(rotation.pk, ana, BEN, BEN + WEEK, by=ben, at=noon)
    covering.cover(rotation.pk, BEN, BEN + WEEK, by=person("Cleo"), at=noon)

    with pytest.raises(Invalid, match="no longer has that shift"):
        covering.accept(swap.pk, by=ana, at=noon)
