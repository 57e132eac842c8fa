"""Items of a checklist that a check ticks, and no click."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from oncall import checklists, shifts, starting
from oncall.models import ChecklistItem, TemplateItem
from portal.errors import DomainError
from portal.notify import methods
from runbooks import proving
from runbooks.models import DiagnosticRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def asks_for(rotation, noon):
    """asks_for(proof): the item of Ana's running shift that asks for it."""

    def opened(proof: str) -> ChecklistItem:
        starting.lay_out(noon)
        TemplateItem.objects.filter(text="Access to all systems verified").update(proof=proof)
        shifts.open_checklists(noon)
        return ChecklistItem.objects.filter(proof=proof).order_by("-pk")[0]

    return opened


def ran(by, at, **fields):
    """A run of redis-health that ended by itself."""
    made = {
        "diagnostic": "redis-health",
        "asked_by": by,
        "queued_at": at,
        "finished_at": at,
        "state": "done",
        "severity": "ok",
        "finding": "Redis answers",
    }
    return DiagnosticRun.objects.create(**made | fields)


def test_a_click_does_not_tick_what_a_check_proves(asks_for, ana, noon):
    item = asks_for("test-page")

    with pytest.raises(DomainError, match="ticked by a test page that you tap"):
        checklists.tick(item.pk, by=ana, at=noon)

    assert checklists.skip(item.pk, "the phone is at repair", by=ana, at=noon).state == "skipped"


def test_a_tapped_test_page_ticks_it_and_says_so(asks_for, ana, noon):
    item = asks_for("test-page")

    methods.prove(ana, None, at=noon)

    item.refresh_from_db()
    assert (item.state, item.by, item.proved_by) == ("ticked", ana, "page tapped, by e-mail")


def test_a_diagnostic_of_their_own_that_ends_well_ticks_it(asks_for, ana, ben, noon):
    item = asks_for("diagnostic:redis-health")
    assert item.proof_url == "/diagnostics/redis-health/"

    proving.by_run(ran(ben, noon), noon)
    proving.by_run(ran(ana, noon, severity="bad", finding="Redis does not answer"), noon)
    proving.by_run(ran(ana, noon, state="timed_out", severity="bad"), noon)
    item.refresh_from_db()
    assert item.state == "open"
    proving.by_run(ran(ana, noon), noon + timedelta(minutes=1))

    item.refresh_from_db()
    assert (item.state, item.by, item.proved_by) == ("ticked", ana, "redis-health: Redis answers")


@pytest.mark.parametrize(
    ("proof", "says"), [("test-mail", "Write one of: test-page, diagnostic:…"), ("diagnostic:redis", "There is no diagnostic “redis”")]
)
def test_a_template_names_only_checks_that_there_are(proof, says):
    with pytest.raises(ValidationError, match=says):
        TemplateItem(text="Redis answers", proof=proof).clean()


def test_what_a_check_ticked_that_is_gone_is_ticked_by_hand(asks_for, ana, noon):
    item = asks_for("diagnostic:of-yesterday")

    assert checklists.tick(item.pk, by=ana, at=noon).state == "ticked"
