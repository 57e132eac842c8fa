"""Drafted by itself, reviewed by name, published when nobody objects, or waived with a reason."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents.models import Incident
from portal.errors import DomainError, Invalid
from portal.models import Decision
from postmortems import findings, lint, reviewing, writing
from postmortems.models import Postmortem, Section

pytestmark = pytest.mark.django_db


def write_all(postmortem, noon, text="The migration added a column without a default."):
    for section in postmortem.sections.all():
        writing.save_section(section.pk, section.body or text, seen=section.version, at=noon)


def test_a_resolved_sev1_gets_its_draft_by_itself_and_once(resolved, ben, noon):
    assert [writing.start_missing(noon) for _ in range(2)] == [1, 0]

    assert Postmortem.objects.get().author == ben  # nobody acknowledged: the lead of the team


def test_who_acknowledged_is_the_likely_author(resolved, ana, noon):
    Incident.objects.filter(pk=resolved.pk).update(acknowledged_by=ana, acknowledged_at=noon)

    writing.start_missing(noon)

    assert Postmortem.objects.get().author == ana


@pytest.mark.parametrize("change", [{"severity": 3}, {"kind": "drill"}])
def test_a_minor_incident_and_a_drill_get_none_by_themselves(resolved, noon, change):
    Incident.objects.filter(pk=resolved.pk).update(**change)

    assert writing.start_missing(noon) == 0


def test_a_reviewer_who_wants_changes_stands_in_the_way_until_they_approve(postmortem, ana, ben, noon):
    write_all(postmortem, noon)
    reviewing.ask(postmortem.pk, [ben], by=ana, at=noon)
    reviewing.answer(postmortem.pk, by=ben, verdict="changes", comment="Which tenants?", at=noon)

    with pytest.raises(writing.NotReady, match="Ben wants changes: Which tenants"):
        writing.move(postmortem.pk, Postmortem.Status.PUBLISHED, by=ana, at=noon)

    reviewing.answer(postmortem.pk, by=ben, verdict="approved", comment="", at=noon)
    assert writing.move(postmortem.pk, Postmortem.Status.PUBLISHED, by=ana, at=noon).published_at == noon


def test_a_verdict_needs_to_be_asked_for_and_changes_need_words(postmortem, ana, ben, noon):
    with pytest.raises(DomainError, match="not asked"):
        reviewing.answer(postmortem.pk, by=ben, verdict="approved", comment="", at=noon)
    reviewing.ask(postmortem.pk, [ben], by=ana, at=noon)
    with pytest.raises(Invalid, match="what should change"):
        reviewing.answer(postmortem.pk, by=ben, verdict="changes", comment=" ", at=noon)


def test_a_reviewer_answers_on_the_page(client, postmortem, ana, ben, noon):
    writing.move(postmortem.pk, Postmortem.Status.IN_REVIEW, by=ana, at=noon)
    reviewing.ask(postmortem.pk, [ben], by=ana, at=noon)
    client.force_login(ben)
    url = f"/postmortems/{postmortem.pk}/"
    assert "You were asked to review" in client.get(url).content.decode()

    assert client.post(f"{url}review/", {"verdict": "approved", "comment": "Good"}).status_code == 302

    assert "Ben: Approved" in client.get(url).content.decode()


def test_waiving_needs_a_reason_which_stands_in_the_decision_log(postmortem, ana, noon):
    with pytest.raises(Invalid):
        writing.move(postmortem.pk, Postmortem.Status.WAIVED, by=ana, at=noon, reason="no")

    writing.move(postmortem.pk, Postmortem.Status.WAIVED, by=ana, at=noon, reason="A test of the pager, nobody was affected")

    assert Decision.objects.get(kind="waived_postmortem").reason == "A test of the pager, nobody was affected"


def test_an_incident_is_not_closed_while_its_postmortem_is_unfinished(resolved, postmortem, ana, noon):
    assert "publish it, or waive it" in writing.closing_gate(resolved)[0]

    writing.move(postmortem.pk, Postmortem.Status.WAIVED, by=ana, at=noon, reason="A test of the pager, nobody was affected")

    assert writing.closing_gate(resolved) == []


def test_an_optional_section_takes_its_place_and_may_be_empty_when_published(postmortem, ana, noon):
    writing.add_section(postmortem.pk, "lucky")
    writing.add_section(postmortem.pk, "lucky")

    kinds = list(postmortem.sections.values_list("kind", flat=True))
    assert kinds.index("lucky") == kinds.index("went_wrong") + 1
    write_all(postmortem, noon)
    Section.objects.filter(kind="lucky").update(body="")
    assert writing.still_missing(postmortem) == []


def test_hints_name_blame_people_in_causes_missing_numbers_and_holes(postmortem, resolved, noon):
    part = postmortem.sections.get(kind="root_cause")
    writing.save_section(part.pk, "Ana should have checked.", seen=part.version, at=noon)
    part = postmortem.sections.get(kind="impact")
    writing.save_section(part.pk, "Every tenant.", seen=part.version, at=noon)
    writing.add_section(postmortem.pk, "lucky")

    said = " ".join(lint.hints(postmortem, findings.of(postmortem, None)))

    assert "“should have” in Root cause" in said
    assert "Ana is named in Root cause" in said
    assert "Impact holds no number" in said
    assert "“Where we got lucky” is empty." in said


def test_a_silent_stretch_of_the_timeline_is_a_hint(postmortem, resolved, noon):
    from portal import journal

    journal.append(resolved.subject, kind="note", at=noon - timedelta(minutes=1), by=None, text="back")

    assert any("what happened in these 4" in hint for hint in lint.hints(postmortem, findings.of(postmortem, None)))
