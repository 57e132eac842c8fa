"""Inviting people: a link that works once, for seven days, and only while it is meant to."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail

from oncall.models import Team
from portal import clock, due
from portal.accounts import invitations
from portal.accounts.models import Invitation, User
from portal.accounts.roles import Role
from portal.models import Due

pytestmark = pytest.mark.django_db

JOIN = {"name": "Nia Okoro", "time_zone": "Africa/Lagos", "password": "four words are easy"}


@pytest.fixture
def boss(client, admin_user):
    client.force_login(admin_user)
    return client


@pytest.fixture
def team(db):
    return Team.objects.create(name="Platform", slug="platform-x")


def path_of(invitation) -> str:
    return "/" + invitations.link(invitation).split("/", 3)[3]


@pytest.fixture
def invited(admin_user, team):
    return invitations.invite("nia@example.org", role=Role.RESPONDER, by=admin_user, at=clock.now(), teams=[(team.slug, "editor")])


def test_an_invitation_is_mailed_and_makes_a_person_with_role_and_team(boss, team, client):
    boss.post("/people/", {"email": "nia@example.org", "role": "responder", f"teams:{team.slug}": "lead"})
    for row in due.claim("paging", clock.now()):
        due.work(row)
    [sent] = mail.outbox
    link = next(line for line in sent.body.splitlines() if "/invitation/" in line)
    client.logout()

    answer = client.post("/" + link.split("/", 3)[3], JOIN)

    nia = User.objects.get(email="nia@example.org")
    assert sent.to == ["nia@example.org"]
    assert answer["Location"] == "/"
    assert client.get("/").status_code == 200
    assert (nia.name, nia.role, nia.time_zone, nia.check_password(JOIN["password"])) == ("Nia Okoro", "responder", "Africa/Lagos", True)
    assert not Due.objects.filter(kind=invitations.MAIL).exists()


def test_the_link_works_once(client, invited):
    client.post(path_of(invited), JOIN)
    client.logout()

    again = client.get(path_of(invited))

    assert again.status_code == 410
    assert "was used, withdrawn or has expired" in again.content.decode()


@pytest.mark.parametrize("what", ["expired", "withdrawn", "replaced", "forged"])
def test_a_link_that_is_over_makes_nobody(client, admin_user, invited, what):
    path = path_of(invited)
    if what == "expired":
        Invitation.objects.update(expires_at=clock.now())
    if what == "withdrawn":
        invitations.withdraw(invited.pk, at=clock.now())
    if what == "replaced":
        invitations.invite_again(invited.pk, by=admin_user, at=clock.now())
    if what == "forged":
        path = path.replace(path.split("/")[-2], "x" + path.split("/")[-2])

    assert client.post(path, JOIN).status_code == 410
    assert not User.objects.filter(email="nia@example.org").exists()


def test_a_weak_password_is_said_and_the_invitation_stays_open(client, invited):
    answer = client.post(path_of(invited), {**JOIN, "password": "password12"})

    assert answer.status_code == 422
    assert "too common" in answer.content.decode()
    assert client.get(path_of(invited)).status_code == 200


def test_the_address_of_an_invitation_is_told_to_nobody(client, invited):
    assert client.get(path_of(invited))["Referrer-Policy"] == "no-referrer"


def test_the_database_alone_opens_no_invitation(invited):
    stored = str(list(Invitation.objects.values_list())) + str(list(Due.objects.values_list()))

    assert path_of(invited).split("/")[-2] not in stored


def test_people_who_are_here_are_not_invited(boss, ana):
    answer = boss.post("/people/", {"email": ana.email.upper(), "role": "admin"})

    assert answer.status_code == 422
    assert "is a person of this portal already" in answer.content.decode()


def test_nobody_is_invited_with_a_role_that_is_held_per_team(boss):
    boss.post("/people/", {"email": "x@example.org", "role": "lead"})

    assert not Invitation.objects.exists()


def test_a_mail_server_that_is_away_is_said_and_asked_again(boss, invited, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    for row in due.claim("paging", clock.now()):
        due.work(row)

    invited.refresh_from_db()
    assert invited.mailed_at is None
    assert "not mailed: the mail server refused or did not answer" in boss.get("/people/").content.decode()
    assert Due.objects.get(kind=invitations.MAIL).due_at > clock.now()


def test_one_open_invitation_for_each_address(admin_user, invited):
    second = invitations.invite("NIA@example.org", role=Role.VIEWER, by=admin_user, at=clock.now() + timedelta(minutes=1))

    assert list(Invitation.objects.filter(withdrawn_at=None)) == [second]
