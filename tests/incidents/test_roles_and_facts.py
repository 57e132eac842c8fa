"""Roles with their history, milestones that people correct, impact in numbers, and what is missing before closing."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from incidents import closing, impact, lifecycle, milestones, restricting, roles, timeline
from incidents.models import Incident
from incidents.models.incident import Status
from portal.errors import Invalid
from tests.conftest import person

pytestmark = pytest.mark.django_db


def test_a_command_is_handed_over_with_a_sentence_and_both_are_kept(opened, ana, ben, noon):
    roles.take(opened.pk, "commander", person=ana, by=ana, at=noon)

    with pytest.raises(Invalid, match="Ana leads this"):
        roles.take(opened.pk, "commander", person=ben, by=ben, at=noon)
    roles.take(opened.pk, "commander", person=ben, by=ben, at=noon + timedelta(minutes=9), state="Rolling back, errors fall")

    assert [(h.person, h.left_at) for h in opened.roles.all()] == [(ana, noon + timedelta(minutes=9)), (ben, None)]
    assert timeline.story(opened).last().text == "Incident commander: Ana → Ben. Rolling back, errors fall"


def test_one_person_holds_many_roles_and_several_are_experts(opened, ana, ben, noon):
    roles.take(opened.pk, "commander", person=ana, by=ana, at=noon)
    roles.take(opened.pk, "scribe", person=ana, by=ana, at=noon)
    for expert in (ana, ben):
        roles.take(opened.pk, "expert", person=expert, by=ana, at=noon)

    assert {role: len(found) for role, found in roles.held(opened).items()} == {"commander": 1, "scribe": 1, "expert": 2}


def test_leaving_a_role_keeps_when_it_was_held(opened, ana, noon):
    roles.take(opened.pk, "scribe", person=ana, by=ana, at=noon)

    roles.leave(opened.pk, "scribe", person=ana, by=ana, at=noon + timedelta(minutes=5))

    assert roles.held(opened) == {}
    with pytest.raises(Invalid):
        roles.leave(opened.pk, "scribe", person=ana, by=ana, at=noon)


def test_the_communications_lead_is_asked_first_then_the_commander(opened, ana, ben, noon):
    roles.take(opened.pk, "commander", person=ana, by=ana, at=noon)
    assert roles.whom_to_nag(opened) == ana

    roles.take(opened.pk, "communications", person=ben, by=ana, at=noon)

    assert roles.whom_to_nag(opened) == ben


def test_a_corrected_milestone_says_so_and_keeps_what_it_said(opened, ana, noon):
    milestones.edit(opened.pk, "impact_started", at_moment=noon - timedelta(minutes=9), by=ana, at=noon)
    found = milestones.edit(opened.pk, "detected", at_moment=noon - timedelta(minutes=3), by=ana, at=noon)

    assert (found.source, found.edited, found.author) == ("person", True, ana)
    assert [record.at for record in found.history.all()] == [noon - timedelta(minutes=3), noon]
    assert timeline.story(opened).last().text == "Detected: 03 Mar 12:00 → 03 Mar 11:57 UTC"


def test_nothing_is_before_impact_started_and_other_disorder_is_a_warning(opened, ana, noon):
    milestones.edit(opened.pk, "impact_started", at_moment=noon - timedelta(minutes=9), by=ana, at=noon)

    with pytest.raises(Invalid, match="before impact started"):
        milestones.edit(opened.pk, "mitigated", at_moment=noon - timedelta(hours=1), by=ana, at=noon)
    with pytest.raises(Invalid, match="in the future"):
        milestones.edit(opened.pk, "mitigated", at_moment=noon + timedelta(hours=1), by=ana, at=noon)
    milestones.edit(opened.pk, "mitigated", at_moment=noon - timedelta(minutes=5), by=ana, at=noon)

    assert milestones.disorder({m.name: m.at for m in opened.milestones.all()}) == ["Mitigated (11:55) is before declared (12:00)."]


def test_impact_is_kept_in_words_and_numbers_and_0_is_a_finding(opened, ana, noon):
    found = impact.Impact("61 of 214 tenants", users_affected=3000, failed_requests=0, revenue_lost=Decimal("12.50"), currency="EUR")

    incident = impact.set_impact(opened.pk, found, by=ana, at=noon)

    assert impact.sentence(impact.of(incident)) == "61 of 214 tenants, 3,000 users, 0 failed requests, 12.50 EUR"
    assert timeline.story(opened).last().kind == "impact"
    with pytest.raises(Invalid, match="negative"):
        impact.set_impact(opened.pk, impact.Impact(users_affected=-1), by=ana, at=noon)


def test_closing_says_what_is_missing_and_a_reason_overrides_it(opened, ana, noon):
    lifecycle.resolve(opened.pk, by=ana, at=noon)

    with pytest.raises(closing.NotReady, match="No time is known for: impact started, mitigated"):
        lifecycle.move(opened.pk, Status.CLOSED, by=ana, at=noon)
    with pytest.raises(Invalid, match="needs a reason"):
        lifecycle.move(opened.pk, Status.CLOSED, by=ana, at=noon, override=True)
    incident = lifecycle.move(opened.pk, Status.CLOSED, by=ana, at=noon, override=True, reason="found nothing, moving on")

    assert incident.status == Status.CLOSED
    assert timeline.story(opened).filter(kind="decision").exists()


def test_closed_goes_back_to_resolved_with_a_reason(opened, ana, noon):
    lifecycle.resolve(opened.pk, by=ana, at=noon)
    lifecycle.move(opened.pk, Status.CLOSED, by=ana, at=noon, override=True, reason="found nothing, moving on")

    incident = lifecycle.move(opened.pk, Status.RESOLVED, by=ana, at=noon, reason="an action was forgotten")

    assert (incident.status, timeline.story(opened).last().kind) == (Status.RESOLVED, "reopened")


def test_a_cancelled_report_is_reopened_into_triage_and_pages_again(opened, ana, noon):
    from tests.incidents.conftest import escalation_rows

    cancelled = lifecycle.cancel(opened.pk, by=ana, at=noon, reason="a test of the pager", cause="test")
    assert cancelled.get_cancelled_for_display() == "A test"

    incident = lifecycle.move(opened.pk, Status.TRIAGE, by=ana, at=noon, reason="it was real after all")

    assert (incident.status, incident.cancelled_for, len(escalation_rows())) == (Status.TRIAGE, "", 1)


def test_a_restricted_incident_is_there_for_the_named_only(opened, ana, ben, noon):
    restricting.restrict(opened.pk, named=[ana], by=ana, at=noon)

    assert Incident.objects.visible_to(ana).exists()
    assert Incident.objects.visible_to(person("Lead of team", "admin")).exists()
    assert not Incident.objects.visible_to(ben).exists()
    with pytest.raises(Invalid, match="needs a reason"):
        restricting.lift(opened.pk, by=ana, at=noon, reason="ok")
    restricting.lift(opened.pk, by=ana, at=noon, reason="no personal data in it")
    assert Incident.objects.visible_to(ben).exists()


def test_who_declares_first_and_acknowledges_then_is_not_told_of_disorder(noon):
    found = {"declared": noon, "acknowledged": noon + timedelta(minutes=2), "mitigated": noon + timedelta(minutes=9)}

    assert milestones.disorder(found) == []
