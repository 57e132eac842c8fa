"""Worked off twice, late or in another order, by many at once: the same end state."""

from __future__ import annotations

import json
import random
import threading

import pytest
from django.db import connection, transaction

from incidents.alerts import ingest, ledger
from incidents.models import Alert, Delivery, Episode, Incident, Observation
from portal import due
from portal.models import Due
from tests.incidents.alerting import MINUTE, alert, crafted, incidents, story, work_off
from tests.incidents.conftest import all_captures, at_time, moment_of

STORY = [capture for capture in all_captures() if capture["request_line"].startswith("POST")]
THREADS = 64


def ended_state(sender, order: list[dict]) -> tuple:
    """Everything that must not depend on the order; nothing is kept."""
    block = transaction.atomic()
    block._from_testcase = True  # the ledger commits for good: this rolled-back block stands for the test's own
    with block:
        sender.replay(*order)
        state = story(), incidents()
        transaction.set_rollback(True)
    return state


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(8))
def test_captured_requests_worked_off_in_any_order_end_alike(sender, seed):
    shuffled = random.Random(seed).sample(STORY + STORY[::3], len(STORY) + len(STORY[::3]))

    assert ended_state(sender, shuffled) == ended_state(sender, STORY)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(25))
def test_crafted_flaps_of_three_keys_worked_off_in_any_order_end_alike(sender, noon, seed):
    dice = random.Random(seed)
    bodies = []
    for number in range(14):
        at = noon + number * 3 * MINUTE
        told = []
        for name in ("A", "B", "C"):
            since = at - dice.randrange(1, 25) * MINUTE
            ended = since + dice.randrange(1, 25) * MINUTE if dice.random() < 0.5 else None
            told.append(alert(name, at=since, ended=ended, instance=str(dice.randrange(2))))
        bodies.append({"body_raw": json.dumps(crafted(*told)), "received_at": at.isoformat()})

    assert ended_state(sender, dice.sample(bodies, len(bodies))) == ended_state(sender, bodies)


@pytest.mark.django_db
def test_a_late_resolve_is_put_in_its_place(sender, noon):
    sender.deliver(crafted(alert(at=noon)), noon)
    late = sender.store(json.dumps(crafted(alert(at=noon, ended=noon + MINUTE))).encode(), noon + 2 * MINUTE)
    sender.deliver(crafted(alert(at=noon)), noon + 3 * MINUTE)

    work_off(late)

    episode = Episode.objects.get()
    assert (episode.ended_at, episode.reopenings) == (None, 1)
    assert Observation.objects.get(delivery=late).made == "ended"


@pytest.mark.django_db
def test_a_late_firing_that_began_it_all_opens_its_incident_quietly(sender, noon):
    late = sender.store(json.dumps(crafted(alert(at=noon))).encode(), noon)
    sender.deliver(crafted(alert(at=noon, ended=noon + MINUTE)), noon + 2 * MINUTE)

    work_off(late)

    assert Incident.objects.get().quiet_since == noon + 2 * MINUTE
    assert not Due.objects.filter(kind="incidents.escalate").exists()


@pytest.mark.django_db
def test_the_scan_works_off_what_its_request_left(sender, noon, monkeypatch):
    delivery = sender.store(json.dumps(crafted(alert(at=noon))).encode(), noon)
    monkeypatch.setattr("portal.clock.now", lambda: noon + ledger.REPAIR_AFTER)

    due.run("ingest")

    delivery.refresh_from_db()
    assert delivery.state == "applied"
    assert not Due.objects.filter(kind=ledger.INGEST).exists()


@pytest.mark.django_db
def test_a_large_delivery_that_died_between_batches_goes_on_where_it_stopped(sender, noon, monkeypatch):
    body = crafted(*(alert(at=noon, instance=str(n)) for n in range(450)))
    delivery = sender.store(json.dumps(body).encode(), noon)
    monkeypatch.setattr("portal.clock.now", lambda: noon + ledger.REPAIR_AFTER)
    real, calls = ingest._write, []

    def dies_in_the_second_batch(*args):
        calls.append(1)
        if len(calls) == 2:
            raise MemoryError
        return real(*args)

    monkeypatch.setattr(ingest, "_write", dies_in_the_second_batch)
    due.run("ingest")
    in_between = Alert.objects.count()
    at_time(noon + ledger.REPAIR_AFTER + 5 * MINUTE, monkeypatch)
    due.run("ingest")

    delivery.refresh_from_db()
    assert (in_between, Alert.objects.count(), delivery.state) == (200, 450, "applied")
    assert Observation.objects.count() == 450


@pytest.mark.django_db
def test_a_delivery_that_fails_five_times_rests_with_its_reason_and_can_be_tried_again(sender, noon, monkeypatch):
    delivery = sender.store(json.dumps(crafted(alert(at=noon))).encode(), noon)
    with monkeypatch.context() as broken:
        broken.setattr(ingest, "open_cases", lambda *args: 1 / 0)
        for minute in range(1, 40):
            broken.setattr("portal.clock.now", lambda minute=minute: noon + minute * MINUTE)
            due.run("ingest")
    delivery.refresh_from_db()
    rested = (delivery.state, "ZeroDivisionError" in delivery.reason, Due.objects.filter(kind=ledger.INGEST).count())

    ingest.again(delivery, at=noon + 60 * MINUTE)
    monkeypatch.setattr("portal.clock.now", lambda: noon + 60 * MINUTE)
    due.run("ingest")

    delivery.refresh_from_db()
    assert rested == ("failed", True, 0)
    assert (delivery.state, delivery.reason) == ("applied", "")


def at_once(work, count: int) -> list[BaseException]:
    """Run `work(n)` in `count` threads that start together; what they raised."""
    start, troubles = threading.Barrier(count), []

    def run(number: int) -> None:
        try:
            start.wait()
            work(number)
        except BaseException as trouble:
            troubles.append(trouble)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return troubles


@pytest.mark.django_db(transaction=True)
def test_one_group_sent_by_sixty_four_threads_makes_one_incident(sender, noon):
    bodies = [json.dumps(crafted(alert(at=noon, instance=str(number % 8)))).encode() for number in range(THREADS)]
    answers = []

    troubles = at_once(lambda number: answers.append(sender.post(bodies[number]).status_code), THREADS)

    for delivery in Delivery.objects.exclude(state="applied"):  # stored and answered 200; what its request met is repaired
        work_off(delivery)
    assert (troubles, set(answers)) == ([], {200})
    assert (Incident.objects.count(), Alert.objects.count(), Episode.objects.filter(ended_at=None).count()) == (1, 8, 8)
    assert Delivery.objects.filter(state="applied").count() == THREADS


@pytest.mark.django_db(transaction=True)
def test_several_keys_in_opposite_order_by_many_threads_make_one_incident_each(sender, noon):
    names = ["A", "B", "C", "D", "E"]

    def send(number: int) -> None:
        told = [alert(name, at=noon, instance=str(number % 3)) for name in (names if number % 2 else names[::-1])]
        sender.post(json.dumps(crafted(*told)).encode())

    troubles = at_once(send, 16)

    for delivery in Delivery.objects.exclude(state="applied"):
        work_off(delivery)
    assert troubles == []
    assert (Incident.objects.count(), Episode.objects.filter(ended_at=None).count()) == (5, 15)


@pytest.mark.django_db(transaction=True)
def test_a_delivery_worked_off_by_several_at_once_is_applied_once(sender, noon):
    delivery = sender.store(json.dumps(crafted(alert(at=noon))).encode(), noon)

    troubles = at_once(lambda _: work_off(Delivery.objects.get(pk=delivery.pk)), 6)

    assert troubles == []
    assert (Observation.objects.count(), Incident.objects.count()) == (1, 1)


def test_the_story_is_in_order_of_receipt():
    assert [moment_of(capture) for capture in STORY] == sorted(moment_of(capture) for capture in STORY)
