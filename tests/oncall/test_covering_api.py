"""Layers, covers, swaps and hand-offs over HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from oncall import rota
from oncall.models import Absence, AcceptedGap, Handoff, Layer, Override
from portal import clock
from portal.accounts.models import User
from portal.notify.models import Message

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def asking(person):
    client = APIClient()
    client.force_login(person)
    return client


@pytest.fixture
def lead(crew):
    return asking(User.objects.get(name="Lea"))


def in_days(days):
    return (clock.now() + days * DAY).isoformat()


def test_a_rotation_with_holes_is_saved_only_with_a_reason(lead, crew, ana):
    wanted = {"team": "crew", "name": "Days", "lane": "secondary", "begins_on": "2026-01-05", "windows": "Mon-Fri 09:00-17:00", "people": [ana.pk]}

    refused = lead.post("/api/rotations/", wanted, format="json")
    saved = lead.post("/api/rotations/", {**wanted, "reason": "Nights are the primary's alone"}, format="json")

    assert (refused.status_code, refused.json()["code"]) == (409, "rotation_has_holes")
    assert (saved.status_code, saved.json()["people"]) == (201, [ana.pk])
    assert AcceptedGap.objects.filter(rotation=saved.json()["id"]).exists()


def test_a_layer_is_laid_over_a_rotation_and_taken_away_and_its_people_are_told(lead, rotation, ana, ben):
    wanted = {"rotation": rotation.pk, "name": "Ben for now", "begins_on": clock.now().date().isoformat(), "people": [ben.pk]}

    made = lead.post("/api/layers/", wanted, format="json")
    address = f"/api/layers/{made.json()['id']}/"
    changed = lead.patch(address, {"priority": 5}, format="json", headers={"If-Match": made.headers["ETag"]})
    gone = lead.delete(address, headers={"If-Match": changed.headers["ETag"]})

    assert (made.status_code, made.json()["people"]) == (201, [ben.pk])
    assert (changed.status_code, changed.json()["priority"], changed.json()["people"]) == (200, 5, [ben.pk])
    assert gone.status_code == 204
    assert not Layer.objects.exists()
    assert {message.recipient for message in Message.objects.filter(subject__contains="Your shifts")} == {ana, ben}


def test_anyone_covers_for_themselves_and_takes_it_back(rotation, ana, ben):
    wanted = {"rotation": rotation.pk, "person": ana.pk, "starts_at": in_days(1), "ends_at": in_days(30)}

    for_another = asking(ben).post("/api/overrides/", wanted, format="json")
    made = asking(ana).post("/api/overrides/", wanted, format="json")
    answers = rota.on_call_now(clock.now() + 20 * DAY)[0].person
    gone = asking(ana).delete(f"/api/overrides/{made.json()['id']}/", headers={"If-Match": made.headers["ETag"]})

    assert for_another.status_code == 403
    assert (made.status_code, made.json()["kind"], made.json()["by"]) == (201, "replace", ana.pk)
    assert answers == ana
    assert gone.status_code == 204
    assert not Override.objects.exists()


def test_a_swap_is_offered_and_only_the_other_accepts_it(rotation, ana, ben):
    holder = rota.on_call_now(clock.now())[0]
    giver, taker = (ana, ben) if holder.person == ana else (ben, ana)
    span = {"starts_at": clock.now().isoformat(), "ends_at": (clock.now() + timedelta(minutes=1)).isoformat()}

    offered = asking(giver).post("/api/swaps/", {"rotation": rotation.pk, "taker": taker.pk, **span}, format="json")
    address = f"/api/swaps/{offered.json()['id']}/accept/"

    assert offered.status_code == 201, offered.json()
    assert asking(giver).post(address).status_code == 403
    assert asking(taker).post(address).json()["state"] == "accepted"
    assert asking(taker).post(address).json()["code"] == "already_answered"


@pytest.mark.parametrize("ends_at", ["9999-12-31T00:00:00Z", "0001-01-02T00:00:00Z"])
def test_a_time_with_which_nobody_plans_is_refused(lead, rotation, ana, ends_at):
    wanted = {"rotation": rotation.pk, "person": ana.pk, "starts_at": "0001-01-01T00:00:00Z", "ends_at": ends_at}
    day = ends_at[:10]

    refused = lead.post("/api/overrides/", wanted, format="json")
    far = lead.post("/api/layers/", {"rotation": rotation.pk, "name": "Far", "begins_on": day, "people": [ana.pk]}, format="json")

    assert (refused.status_code, far.status_code) == (400, 400)


def test_absences_are_ones_own(rotation, ana, ben):
    made = asking(ana).post("/api/absences/", {"starts_at": in_days(1), "ends_at": in_days(2), "note": "away"}, format="json")
    backwards = asking(ana).post("/api/absences/", {"starts_at": in_days(2), "ends_at": in_days(1)}, format="json")

    assert (made.status_code, backwards.status_code) == (201, 400)
    assert Absence.objects.get().person == ana
    assert asking(ben).get(f"/api/absences/{made.json()['id']}/").status_code == 404


def test_whoever_comes_accepts_the_hand_off(rotation, ana, ben):
    now = clock.now()
    handoff = Handoff.objects.create(rotation=rotation, outgoing=ana, incoming=ben, at=now, since=now - DAY, opened_at=now)

    refused, taken = (asking(one).post(f"/api/handoffs/{handoff.pk}/accept/") for one in (ana, ben))

    assert (refused.status_code, taken.json()["state"], taken.json()["accepted_by"]) == (403, "accepted", ben.pk)
