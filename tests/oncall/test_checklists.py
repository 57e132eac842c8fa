"""The shift checklist: opened before the shift by a task, ticked, or skipped with a reason."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from oncall import checklists, shifts, starting
from oncall.models import Checklist, ChecklistItem
from portal import journal
from portal.errors import DomainError, Invalid
from portal.notify.models import Message

pytestmark = pytest.mark.django_db


@pytest.fixture
def ready(rotation, noon):
    """The shipped nine items; on Tuesday noon the running shift is Ana's."""
    starting.lay_out(noon)
    return rotation


@pytest.fixture
def item(ready, noon):
    shifts.open_checklists(noon)
    return ChecklistItem.objects.first()


def test_the_nine_items_are_laid_out_once_and_an_edit_stays(ready, noon):
    from oncall.models import TemplateItem

    TemplateItem.objects.filter(text="Laptop charged and ready").update(text="Laptop charged")
    starting.lay_out(noon)

    assert TemplateItem.objects.filter(template__slug="shift-checklist").count() == 9
    assert TemplateItem.objects.filter(template__slug="production-incident").count() == 20
    assert TemplateItem.objects.filter(text="Laptop charged").exists()


def test_the_task_opens_the_running_shift_and_the_one_within_a_day(ready, ana, ben, noon):
    sunday = noon + timedelta(days=5)

    assert shifts.open_checklists(noon) == 2
    assert shifts.open_checklists(sunday + timedelta(hours=1)) == 2

    assert [(c.person, c.items.count()) for c in Checklist.objects.order_by("due_at", "-pk")] == [(ana, 9), (ana, 10), (ben, 9), (ben, 10)]


def test_running_the_task_again_opens_and_mails_nothing_more(ready, noon):
    for _ in range(3):
        shifts.open_checklists(noon)

    assert Checklist.objects.count() == 2
    assert Message.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_four_beats_at_once_open_one_checklist(ready, noon):
    start = threading.Barrier(4)

    def beat():
        start.wait()
        shifts.open_checklists(noon)
        connection.close()

    threads = [threading.Thread(target=beat) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (Checklist.objects.count(), ChecklistItem.objects.count(), Message.objects.count()) == (2, 19, 1)


def test_a_tick_says_who_and_when_and_is_told_in_the_journal(item, ana, noon):
    ticked = checklists.tick(item.pk, by=ana, at=noon)

    assert (ticked.state, ticked.by, ticked.at) == ("ticked", ana, noon)
    assert journal.entries(item.checklist.about).get(kind="tick").text == "Ticked: Laptop charged and ready"


def test_skipping_needs_a_reason(item, ana, noon):
    with pytest.raises(Invalid):
        checklists.skip(item.pk, " ", by=ana, at=noon)

    assert checklists.skip(item.pk, "no VPN in this office", by=ana, at=noon).reason == "no VPN in this office"


def test_what_somebody_settled_is_opened_again_before_it_is_settled_otherwise(item, ana, noon):
    checklists.tick(item.pk, by=ana, at=noon)

    with pytest.raises(DomainError, match="Ana already ticked"):
        checklists.skip(item.pk, "not needed", by=ana, at=noon)
    checklists.untick(item.pk, by=ana, at=noon)

    assert checklists.skip(item.pk, "not needed", by=ana, at=noon).state == "skipped"
