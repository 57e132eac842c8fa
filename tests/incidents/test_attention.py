"""An acknowledgement with nothing after it: asked after 30 minutes, paged anew after 40."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents import attention, lifecycle, timeline
from incidents.paging import ATTENTION
from portal import clock
from portal.models import Due
from portal.notify.models import Message

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(runner, ana):
    """Acknowledged by Ana just now."""
    now = clock.now()
    incident = lifecycle.declare(title="Down", severity=1, service=runner, summary="", by=ana, at=now)
    return lifecycle.acknowledge(incident.pk, by=ana, at=now)


def look(incident, at):
    """What the worker does when the row is due."""
    row = Due.objects.get(kind=ATTENTION, key=str(incident.pk))
    attention.watch(row, at)
    incident.refresh_from_db()


def minutes(incident, n):
    return incident.acknowledged_at + timedelta(minutes=n, seconds=5)


def test_its_person_is_asked_and_then_paging_resumes(held, ana):
    look(held, minutes(held, 30))
    assert Message.objects.get(dedup_key__startswith="attention:").recipient == ana
    assert held.status == "investigating"
    before = Message.objects.filter(purpose="page").count()

    look(held, minutes(held, 41))

    assert held.status == "triage"
    assert held.acknowledged_by is None
    assert Message.objects.filter(purpose="page").count() == before + 1


def test_a_note_is_an_answer(held, ana):
    lifecycle.note(held.pk, "Looking at the queue.", by=ana, at=clock.now() + timedelta(seconds=2))
    timeline.story(held).filter(kind="note").update(recorded_at=minutes(held, 20))

    look(held, minutes(held, 30))

    assert not Message.objects.filter(dedup_key__startswith="attention:").exists()
    assert Due.objects.get(kind=ATTENTION).due_at == minutes(held, 50)


def test_a_resolved_incident_is_watched_no_longer(held, ana):
    lifecycle.resolve(held.pk, by=ana, at=clock.now())

    assert not Due.objects.filter(kind=ATTENTION).exists()


def test_a_sev3_is_not_watched(runner, ana):
    incident = lifecycle.declare(title="Odd", severity=3, service=runner, summary="", by=ana, at=clock.now())
    lifecycle.acknowledge(incident.pk, by=ana, at=clock.now())

    assert not Due.objects.filter(kind=ATTENTION).exists()
