"""Switching a person off asks who takes over what they hold."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse

from oncall import covering, rota
from oncall.models import EscalationStep, Membership, Override, Swap
from portal import due
from portal.accounts import leaving
from portal.accounts.models import User
from portal.errors import Invalid
from tests.conftest import person

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_nobody_on_a_rotation_is_switched_off_before_somebody_takes_over(rotation, ana, admin_user, noon):
    with pytest.raises(leaving.NobodyTakesOver, match="takes turns in “Crew primary”"):
        leaving.switch_off(ana.pk, None, by=admin_user, at=noon)

    assert User.objects.get(pk=ana.pk).is_active


def test_whoever_takes_over_answers_from_that_moment_and_is_told(rotation, ana, ben, admin_user, noon):
    cleo = person("Cleo")
    covering.cover(rotation.pk, noon + 7 * DAY, noon + 8 * DAY, by=ana, at=noon)  # a day of Ben's week
    begun = covering.cover(rotation.pk, noon - DAY, noon + DAY, by=ana, at=noon - DAY)

    leaving.switch_off(ana.pk, cleo, by=admin_user, at=noon)

    assert rota.on_call_now(noon)[0].person == cleo
    assert rota.on_call_now(noon + 7 * DAY)[0].person == cleo
    assert Override.objects.get(pk=begun.pk).starts_at == noon
    assert Override.objects.filter(person=ana, starts_at=noon - DAY, ends_at=noon).exists()  # what she did stays hers
    due.run("paging")
    assert any(sent.to == [cleo.email] and "Cleo takes over from Ana" in sent.body for sent in mail.outbox)


def test_steps_that_name_them_and_teams_that_only_they_lead_are_taken_over_too(crew, policy, ana, ben, admin_user, noon):
    lea = User.objects.get(name="Lea")
    EscalationStep.objects.create(policy=policy, after=timedelta(minutes=40), whom="person", person=lea)
    assert leaving.held(lea, noon) == ["is paged by the escalation of Crew SEV1", "is the only lead of Crew"]

    leaving.switch_off(lea.pk, ben, by=admin_user, at=noon)

    assert EscalationStep.objects.get(whom="person").person == ben
    assert Membership.objects.get(team=crew, user=ben).role == Membership.Role.LEAD
    assert list(crew.leads()) == [ben]


def test_an_offer_that_nobody_answered_is_taken_back(rotation, ana, ben, admin_user, noon):
    swap = covering.offer(rotation.pk, ben, noon, noon + DAY, by=ana, at=noon)

    leaving.switch_off(ana.pk, ben, by=admin_user, at=noon)

    assert Swap.objects.get(pk=swap.pk).state == Swap.State.WITHDRAWN


def test_who_cannot_be_on_call_cannot_take_over(rotation, ana, admin_user, noon):
    with pytest.raises(Invalid, match="cannot be on call"):
        leaving.switch_off(ana.pk, person("Vic", "viewer"), by=admin_user, at=noon)


def test_the_page_names_what_they_hold_and_refuses_nobody(client, rotation, ana, ben, admin_user):
    client.force_login(admin_user)
    page = reverse("person-switch-off", args=[ana.pk])

    assert "Takes turns in “Crew primary”" in client.get(page).content.decode()
    refused = client.post(page, {"to": ""})
    done = client.post(page, {"to": ben.pk})

    assert refused.status_code == 422
    assert "before somebody takes over" in refused.content.decode()
    assert done.status_code == 302
    assert not User.objects.get(pk=ana.pk).is_active
    assert {turn.person for turn in rotation.turns.all()} == {ben}


def test_the_admin_asks_as_well(client, rotation, ana, ben, admin_user):
    client.force_login(admin_user)
    page = reverse("admin:accounts_user_change", args=[ana.pk])
    fields = {"email": ana.email, "name": "Ana", "role": "responder", "time_zone": "UTC", "phone": ""}

    refused = client.post(page, fields)
    client.post(page, {**fields, "taken_over_by": ben.pk})

    assert "Choose who takes over" in refused.content.decode()
    assert not User.objects.get(pk=ana.pk).is_active
    assert {turn.person for turn in rotation.turns.all()} == {ben}


def test_over_http_a_person_on_a_rotation_needs_somebody_to_take_over(client, rotation, ana, ben, admin_user):
    client.force_login(admin_user)
    address = f"/api/users/{ana.pk}/"
    tag = client.get(address).headers["ETag"]

    refused = client.patch(address, {"is_active": False}, content_type="application/json", headers={"If-Match": tag})
    done = client.patch(address, {"is_active": False, "taken_over_by": ben.pk}, content_type="application/json", headers={"If-Match": tag})

    assert (refused.status_code, refused.json()["code"]) == (409, "nobody_takes_over")
    assert (done.status_code, done.json()["is_active"]) == (200, False)
    assert {turn.person for turn in rotation.turns.all()} == {ben}
