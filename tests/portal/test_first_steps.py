"""The first steps tick themselves by what an installation really did."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from portal import first_steps, seeding
from portal.models import Resource

pytestmark = pytest.mark.django_db


def seen(now) -> dict[str, str]:
    return {step.title: step.seen(now) for _, step in first_steps.STEPS}


def test_the_five_next_steps_stand_in_their_order_and_nothing_is_done_on_a_fresh_installation(client, admin_user, noon):
    client.force_login(admin_user)

    page = client.get("/first-steps/")

    titles = [step.title for step, _, _ in page.context["steps"]]
    assert titles[-5:] == [
        "Set up alerting rules",
        "Create the first runbook",
        "Run an incident simulation",
        "Practise using the debugging tools",
        "Review with the team",
    ]
    assert set(seen(noon).values()) == {""}


def test_what_was_shipped_is_no_step_of_yours(noon, ana):
    seeding.seed(noon)

    assert seen(noon)["Create the first runbook"] == ""


def test_only_administrators_are_told_what_doctor_would_repair(client, ana, admin_user):
    client.force_login(ana)
    assert client.get("/first-steps/").context["findings"] is None

    client.force_login(admin_user)
    found = client.get("/first-steps/").context["findings"]

    assert "No mail server is set" not in [result.says for result in found]  # the tests have one
    assert all(result.fix for result in found)


def test_the_links_are_laid_out_once_and_one_taken_out_stays_out(noon, capsys):
    call_command("seed")
    Resource.objects.filter(title="Blameless Postmortems").delete()

    call_command("seed")

    assert list(Resource.objects.values_list("title", flat=True)) == [
        "Google SRE Book - Incident Response",
        "PagerDuty Incident Response",
        "Atlassian Incident Handbook",
    ]
