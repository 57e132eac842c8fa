"""Freshness: from evidence alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.errors import Invalid
from portal.notify.models import Message
from portal.search.models import SearchDocument
from runbooks import editing, freshness, reminders
from runbooks.models import DiagnosticRun, Evidence, Feedback, Runbook

BODY = "## Diagnosis\n\n```sh\nls\n```\n\n## Mitigation\n\n```sh\nrm x\n```"
DAY = timedelta(days=1)


def state(runbook):
    return Runbook.objects.get(pk=runbook.pk).state


def test_every_section_confirmed_makes_fresh_and_half_of_them_does_not(write, ana, noon):
    runbook = write(body=BODY)

    freshness.review(runbook, ["diagnosis"], by=ana, at=noon)
    half = state(runbook)
    freshness.review(runbook, ["mitigation"], by=ana, at=noon)

    assert (half, state(runbook)) == ("unproven", "fresh")
    assert SearchDocument.objects.filter(group=runbook.subject, label="fresh").count() == 3


@pytest.mark.parametrize(
    ("tier", "days", "expected"),
    [
        (1, 39, "fresh"),
        (1, 41, "ageing"),
        (1, 61, "stale"),
        (2, 61, "ageing"),
        (2, 91, "stale"),
        (3, 119, "fresh"),
        (3, 121, "ageing"),
        (3, 181, "stale"),
    ],
)
def test_the_allowed_age_follows_the_tier(write, service, ana, noon, tier, days, expected):
    type(service).objects.update(tier=tier)
    runbook = write(body=BODY, services=[service])
    freshness.record(runbook, Evidence.Kind.DRILL, by=ana, at=noon)

    freshness.restate_all(noon + days * DAY)

    assert state(runbook) == expected


def test_a_typo_repaired_keeps_the_evidence_and_a_changed_command_does_not(write, ana, noon):
    runbook = write(body=BODY)
    freshness.record(runbook, Evidence.Kind.INCIDENT, by=ana, at=noon)

    runbook.body = BODY.replace("## Mitigation\n", "## Mitigation\n\nBe careful.\n")
    editing.save(runbook, seen=1, by=ana, at=noon)
    after_typo = state(runbook)
    runbook.body = BODY.replace("rm x", "rm -r x")
    editing.save(runbook, seen=2, by=ana, at=noon)

    assert (after_typo, state(runbook)) == ("fresh", "unproven")


def test_what_misled_is_broken_until_an_edit_and_a_whole_review(write, ana, noon):
    runbook = write(body=BODY)
    freshness.record(runbook, Evidence.Kind.REVIEW, by=ana, at=noon)
    Feedback.objects.create(runbook=runbook, kind="misled", version=1, at=noon)
    freshness.restate(runbook, noon)
    broken = state(runbook)

    freshness.review(runbook, ["diagnosis", "mitigation"], by=ana, at=noon + DAY)
    without_edit = state(runbook)
    runbook.body = BODY.replace("rm x", "rm y")
    editing.save(runbook, seen=1, by=ana, at=noon + DAY)
    freshness.review(runbook, ["diagnosis"], by=ana, at=noon + 2 * DAY)
    half = state(runbook)
    freshness.review(runbook, ["diagnosis", "mitigation"], by=ana, at=noon + 2 * DAY)

    assert (broken, without_edit, half, state(runbook)) == ("broken", "broken", "broken", "fresh")


def test_a_review_of_nothing_is_refused(write, ana, noon):
    with pytest.raises(Invalid, match="Tick the sections"):
        freshness.review(write(body=BODY), [], by=ana, at=noon)


def test_owners_are_asked_when_it_ages_when_it_is_stale_and_weekly_and_that_proves_nothing(write, ana, noon):
    runbook = write(body=BODY, owner=ana)
    freshness.record(runbook, Evidence.Kind.DRILL, by=ana, at=noon)

    for days in (10, 61, 62, 91, 92, 99, 100):
        freshness.restate_all(noon + days * DAY)
        reminders.remind(noon + days * DAY)
        reminders.remind(noon + days * DAY)

    keys = [key.split(":")[2] for key in Message.objects.order_by("pk").values_list("dedup_key", flat=True)]
    assert keys == ["ageing", "stale", "stale+1w"]
    assert Runbook.objects.get().proven_at == noon


RUNS = "## Look\n\n```diagnostic\nstale-jobs\nage: 60\n```\n\n## Mitigation\n\n```sh\nrm x\n```"


def ended(by, at, *, numbers=None, **fields):
    return DiagnosticRun(
        diagnostic="stale-jobs", asked_by=by, finding="3 stale jobs", result={"numbers": numbers}, queued_at=at, finished_at=at, **fields
    )


def test_a_diagnostic_that_got_an_answer_proves_the_section_that_runs_it_and_no_other(write, ana, noon):
    runbook = write(body=RUNS)

    for hours in (0, 5):
        freshness.prove_by_run(ended(ana, noon, numbers={"stale": 3}, state="done"), noon + timedelta(hours=hours))

    [proof] = runbook.evidence.all()
    assert (proof.kind, proof.anchor, proof.note, proof.by) == ("diagnostic", "look", "stale-jobs: 3 stale jobs", ana)
    assert state(runbook) == "unproven"
    freshness.review(runbook, ["mitigation"], by=ana, at=noon)
    assert state(runbook) == "fresh"


@pytest.mark.parametrize(
    ("by", "fields"),
    [
        (None, {"state": "done", "numbers": {"stale": 3}}),
        ("ana", {"state": "done", "numbers": {}}),
        ("ana", {"state": "timed_out", "numbers": {"stale": 3}}),
    ],
)
def test_what_runs_by_itself_or_got_no_answer_proves_nothing(write, ana, noon, by, fields):
    runbook = write(body=RUNS)

    freshness.prove_by_run(ended(by and ana, noon, **fields), noon)

    assert not runbook.evidence.exists()


def test_another_diagnostic_makes_its_section_unproven(write, ana, noon):
    runbook = write(body=RUNS)
    freshness.review(runbook, ["look", "mitigation"], by=ana, at=noon)

    runbook.body = RUNS.replace("stale-jobs", "queue-depth")
    editing.save(runbook, seen=1, by=ana, at=noon)

    assert state(runbook) == "unproven"
