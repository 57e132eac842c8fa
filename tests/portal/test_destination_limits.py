"""So much and no more goes to one destination in a minute; the rest waits, is sent, and says that it waited."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from portal import due
from portal.models import Due
from portal.notify import channels, limits, outbox
from portal.notify.contact import ContactMethod
from portal.notify.models import Attempt, Message
from tests.portal.test_outbox import Provider

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider(monkeypatch, settings):
    settings.DESTINATION_LIMIT = 3
    fake = Provider()
    monkeypatch.setitem(channels.CHANNELS, "pigeon", fake)
    return fake


def told(person, count, *, purpose="notice", method=None, start=0):
    now = timezone.now()
    for number in range(start, start + count):
        words = {"subject": f"Told {number}", "body": "Look.", "dedup_key": f"{purpose}:{method and method.pk}:{person.pk}:{number}"}
        outbox.queue(person, channel="pigeon", purpose=purpose, method=method, at=now, about=f"incident:{number}", alone=True, **words)


def test_what_is_too_much_waits_says_so_and_counts_no_attempt(ana, provider):
    told(ana, 5)

    due.run("paging")

    assert len(provider.taken) == 3
    waiting = Message.objects.filter(state="pending")
    assert {message.reason for message in waiting} == {"waited: more than 3 messages a minute to one address"}
    assert [row.attempts for row in Due.objects.filter(kind=outbox.SEND)] == [0, 0]
    assert all(row.due_at <= timezone.now() + limits.WINDOW for row in Due.objects.filter(kind=outbox.SEND))


def test_it_is_sent_as_soon_as_the_destination_takes_more(ana, provider):
    told(ana, 5)
    due.run("paging")

    Attempt.objects.update(started_at=timezone.now() - limits.WINDOW)
    Due.objects.update(due_at=timezone.now())
    due.run("paging")

    assert len(provider.taken) == 5
    assert Message.objects.filter(state="sent").count() == 5


def test_a_page_goes_out_while_notices_wait(ana, provider):
    told(ana, 5)
    due.run("paging")

    told(ana, 1, purpose="page")
    due.run("paging")

    assert Message.objects.get(purpose="page").state == "sent"


def test_another_person_and_another_method_are_other_destinations(ana, ben, provider):
    method = ContactMethod.objects.create(owner=ana, kind="webhook", created_at=timezone.now())
    told(ana, 3)
    told(ana, 3, method=method)
    told(ben, 3)

    due.run("paging")

    assert len(provider.taken) == 9


def test_zero_sets_no_limit(ana, provider, settings):
    settings.DESTINATION_LIMIT = 0
    told(ana, 40)

    due.run("paging")

    assert len(provider.taken) == 40
    assert limits.waits_until(Message.objects.first(), timezone.now() + timedelta(seconds=1)) is None
