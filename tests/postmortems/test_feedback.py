"""Helped, misled, missing: evidence and an action item in one transaction."""

from __future__ import annotations

import pytest
from django.urls import reverse

from incidents import asking, lifecycle
from oncall.models import Membership, Service, Team
from portal import journal
from portal.errors import Invalid
from postmortems import feedback
from postmortems.models import ActionItem
from runbooks import editing
from runbooks.models import Evidence, Feedback, Runbook

BODY = "## Diagnosis\n\n1. Look\n\n## Mitigation\n\n1. Wait"


@pytest.fixture
def crew(db, ana):
    crew = Team.objects.create(name="Crew", slug="crew", is_default=True)
    Membership.objects.create(team=crew, user=ana, role="lead")
    return crew


@pytest.fixture
def runbook(crew, ana, noon):
    return editing.save(Runbook(title="Queue full", body=BODY, team=crew, owner=ana), by=ana, at=noon)


@pytest.fixture
def incident(crew, noon, ben):
    service = Service.objects.create(name="worker", slug="worker", team=crew)
    return lifecycle.declare(title="Queue full", summary="", severity=3, service=service, by=ben, at=noon)


def test_what_helped_is_fresh_and_saying_it_twice_changes_nothing(runbook, incident, ben, noon):
    feedback.helped(runbook, about=incident.subject, by=ben, at=noon)
    feedback.helped(runbook, about=incident.subject, by=ben, at=noon)

    assert Runbook.objects.get().state == "fresh"
    assert (Feedback.objects.count(), Evidence.objects.count()) == (1, 2)


def test_what_helped_in_one_step_proves_that_section_only(runbook, incident, ben, noon):
    feedback.helped(runbook, about=incident.subject, step="diagnosis:1", by=ben, at=noon)

    assert [row.anchor for row in Evidence.objects.all()] == ["diagnosis"] and Runbook.objects.get().state == "unproven"


def test_what_misled_is_broken_and_its_owner_has_an_action_item(runbook, incident, ana, ben, noon):
    said, item = feedback.misled(runbook, "Step 1 names a host that is gone.", about=incident.subject, by=ben, at=noon)
    again, same = feedback.misled(runbook, "Step 1 names a host that is gone.", about=incident.subject, by=ben, at=noon)

    assert (Runbook.objects.get().state, item.owner, item.type, item.pk) == ("broken", ana, "repair_runbook", same.pk)
    assert said.action == item.reference and incident.reference in item.why and item.due_on
    assert any("misled: Step 1 names" in entry.text for entry in journal.entries(incident.subject))
    assert ActionItem.objects.count() == 1


def test_without_a_word_on_what_was_wrong_it_is_refused(runbook, ben, noon):
    with pytest.raises(Invalid, match="what was wrong"):
        feedback.misled(runbook, " ", by=ben, at=noon)

    assert not ActionItem.objects.exists() and Runbook.objects.get().state == "unproven"


def test_what_was_missing_is_begun_once(incident, ben, noon):
    stub = feedback.missing(incident.subject, by=ben, at=noon)

    assert feedback.missing(incident.subject, by=ben, at=noon) == stub
    assert (stub.source, list(stub.services.all()), stub.state) == ("stub", [incident.service], "unproven")
    assert [section.kind for section in stub.sections.all()] == ["symptoms", "diagnosis", "mitigation", "verification"]


def test_the_page_has_the_buttons_and_the_resolved_incident_asks(client, runbook, incident, ben, ana, noon):
    client.force_login(ben)
    page = client.get(f"{runbook.get_absolute_url()}?incident={incident.pk}").content.decode()
    assert "Did it help?" in page

    client.post(reverse("runbook-feedback", args=[runbook.slug]), {"kind": "misled", "note": "Wrong host.", "incident": incident.pk})

    assert Runbook.objects.get().state == "broken"
    assert "misled somebody" in client.get(runbook.get_absolute_url()).content.decode()
    client.post(reverse("runbook-missing", args=[incident.pk]), {})
    assert Runbook.objects.filter(source="stub").count() == 1


def test_the_answer_on_the_incident_has_the_same_consequences(runbook, incident, ben, noon):
    lifecycle.resolve(incident.pk, by=ben, at=noon)
    assert asking.is_asked(incident.__class__.objects.get(pk=incident.pk))

    asking.answer(incident.pk, "misled", runbook=runbook, note="", by=ben, at=noon)

    assert Runbook.objects.get(pk=runbook.pk).state == "broken"
    assert incident.reference in ActionItem.objects.get().why
    assert asking.gate(incident.__class__.objects.get(pk=incident.pk)) == []


def test_what_was_said_on_the_runbooks_page_answers_the_question_too(runbook, incident, ben, noon):
    lifecycle.resolve(incident.pk, by=ben, at=noon)
    feedback.helped(runbook, about=incident.subject, by=ben, at=noon)
    assert asking.gate(incident.__class__.objects.get(pk=incident.pk)) == []
