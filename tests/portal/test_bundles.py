"""Pages close together: the first goes alone, the rest as one that lists all; nothing is lost between."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal import due
from portal.models import Due
from portal.notify import bundling, outbox
from portal.notify.channels import CHANNELS, ChannelError
from portal.notify.models import Message

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def carried(monkeypatch):
    """What the console channel was handed."""
    handed: list[Message] = []
    monkeypatch.setattr(type(CHANNELS["console"]), "send", lambda self, message: handed.append(message) or "ref")
    return handed


def page(person, number: int, at, **more) -> Message:
    return outbox.queue(
        person,
        channel="console",
        purpose="page",
        subject=f"Page {number}",
        body=f"Something\nAcknowledge: https://x/{number}/",
        dedup_key=f"page:{number}",
        at=at,
        about=f"thing:{number}",
        **more,
    )


def run_at(monkeypatch, at) -> None:
    monkeypatch.setattr("portal.clock.now", lambda: at)
    due.run("paging")


def test_the_first_page_goes_at_once_and_the_next_three_as_one(ana, noon, monkeypatch, carried):
    for number in range(4):
        page(ana, number, noon + number * SECOND)
    run_at(monkeypatch, noon + 5 * SECOND)
    alone = [message.subject for message in carried]

    run_at(monkeypatch, noon + 120 * SECOND)

    assert alone == ["Page 0"]
    assert len(carried) == 2
    assert carried[1].subject == "3 more pages: Page 1"
    for number in (1, 2, 3):
        assert f"Page {number}\nAcknowledge: https://x/{number}/" in carried[1].body
    assert set(Message.objects.filter(bundle__isnull=False).values_list("state", flat=True)) == {"suppressed"}
    assert Message.objects.get(dedup_key="page:1").reason.startswith("told in message")


def test_a_page_that_must_go_alone_does(ana, noon, monkeypatch, carried):
    page(ana, 0, noon)
    page(ana, 1, noon, alone=True)

    run_at(monkeypatch, noon)

    assert [message.subject for message in carried] == ["Page 0", "Page 1"]


def test_pages_about_the_same_thing_two_minutes_apart_or_to_others_go_alone(ana, ben, noon, monkeypatch, carried):
    page(ana, 0, noon)
    page(ben, 1, noon)
    page(ana, 2, noon + 120 * SECOND)

    run_at(monkeypatch, noon + 120 * SECOND)

    assert len(carried) == 3


def test_what_was_cancelled_is_not_in_the_bundle_and_an_empty_one_is_not_sent(ana, noon, monkeypatch, carried):
    for number in range(3):
        page(ana, number, noon)
    outbox.cancel("thing:1", purpose="page", why="acknowledged")
    run_at(monkeypatch, noon)
    outbox.cancel("thing:2", purpose="page", why="acknowledged")

    run_at(monkeypatch, noon + 120 * SECOND)

    assert [message.subject for message in carried] == ["Page 0"]
    assert Message.objects.get(purpose="bundle").state == "cancelled"
    assert not Due.objects.filter(kind=outbox.SEND).exists()


def test_a_bundle_of_one_speaks_that_pages_own_words(ana, noon, monkeypatch, carried):
    page(ana, 0, noon)
    page(ana, 1, noon)

    run_at(monkeypatch, noon + 120 * SECOND)

    assert {message.subject: message.purpose for message in carried} == {"Page 0": "page", "Page 1": "bundle"}


def test_a_page_that_joins_while_the_bundle_is_being_sent_goes_alone_afterwards(ana, noon, monkeypatch, carried):
    page(ana, 0, noon)
    page(ana, 1, noon)
    run_at(monkeypatch, noon)

    def joins_meanwhile(self, message):
        if not Message.objects.filter(dedup_key="page:2").exists():
            page(ana, 2, noon + 119 * SECOND)
        carried.append(message)
        return "ref"

    monkeypatch.setattr(type(CHANNELS["console"]), "send", joins_meanwhile)
    run_at(monkeypatch, noon + 120 * SECOND)
    run_at(monkeypatch, noon + 121 * SECOND)

    assert [message.subject for message in carried] == ["Page 0", "Page 1", "Page 2"]


def test_a_bundle_given_up_hands_every_page_on(ana, noon, monkeypatch):
    given_up = []
    monkeypatch.setitem(outbox.gave_up._things, "page", lambda message, at: given_up.append(message.dedup_key))

    def refuses(self, message):
        if message.purpose == "bundle":
            raise ChannelError("gone", permanent=True)
        return "ref"

    monkeypatch.setattr(type(CHANNELS["console"]), "send", refuses)
    for number in range(3):
        page(ana, number, noon)

    run_at(monkeypatch, noon + 120 * SECOND)

    assert given_up == ["page:1", "page:2"]
    assert not bundling.members(Message.objects.get(purpose="bundle"))
