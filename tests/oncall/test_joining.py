"""Joining a team by invitation."""

from __future__ import annotations

import pytest

from oncall.models import Membership
from portal.accounts import invitations
from portal.accounts.roles import Role

pytestmark = pytest.mark.django_db


def test_an_invitation_brings_its_teams_and_passes_over_those_that_are_gone(crew, admin_user, noon):
    teams = [(crew.slug, "lead"), ("gone", "editor"), (crew.slug, "member")]
    invitation = invitations.invite("nia@example.org", role=Role.RESPONDER, by=admin_user, at=noon, teams=teams)
    token = invitations.link(invitation).split("/")[-2]

    nia = invitations.accept(token, name="Nia", password=None, at=noon)

    assert list(Membership.objects.filter(user=nia).values_list("team", "role")) == [(crew.pk, "lead")]


def test_the_form_offers_every_team(client, crew, admin_user):
    client.force_login(admin_user)

    assert f"In {crew.name}" in client.get("/people/").content.decode()
