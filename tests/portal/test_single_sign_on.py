"""Single sign-on against a fake provider with real signatures: who comes in, as what, and whose word is not taken."""

from __future__ import annotations

import json
import urllib.request

import pytest
from django.core.cache import cache
from django.test import Client

from portal import clock
from portal.accounts import break_glass, invitations
from portal.accounts.models import Invitation, User
from portal.accounts.roles import Role
from portal.notify.models import Message
from portal.settings import environment
from tests.conftest import person
from tests.portal.fake_provider import CLIENT, SECRET, FakeProvider
from tests.portal.signing_in import PASSWORD, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider(settings):
    cache.clear()
    fake = FakeProvider()
    settings.OIDC_URL = fake.url
    settings.OIDC_ROLES = {"standby-admins": "admin", "sre": "responder"}
    app = {"provider_id": "sso", "name": "Example Ltd", "client_id": CLIENT, "secret": SECRET, "settings": {"server_url": fake.url}}
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
    yield fake
    fake.close()


class StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def come_in(client, way="/accounts/oidc/sso/login/", follow=True):
    """Walks to the provider and back as a browser does; the last answer of ours."""
    there = client.get(way)["Location"]
    try:
        urllib.request.build_opener(StayHere).open(there)
    except urllib.error.HTTPError as redirect:
        back = redirect.headers["Location"]
    return client.get("/" + back.split("/", 3)[3], follow=follow)


def test_the_sign_in_page_offers_it_and_keeps_the_way(client, provider):
    html = client.get("/accounts/login/?next=/incidents/142/").content.decode()

    assert "Sign in with Example Ltd" in html
    assert "/accounts/oidc/sso/login/?next=/incidents/142/" in html
    assert come_in(client, "/accounts/oidc/sso/login/?next=/incidents/", follow=False)["Location"] == "/incidents/"


def test_somebody_new_comes_in_with_the_role_of_their_groups(client, provider):
    provider.claims |= {"groups": ["sre", "kitchen"], "zoneinfo": "Europe/Lisbon"}

    answer = come_in(client)

    ana = User.objects.get()
    assert answer.redirect_chain[-1][0] == "/"
    assert (ana.email, ana.name, ana.role, ana.time_zone, ana.has_usable_password()) == (
        "ana@example.org",
        "Ana Ruiz",
        "responder",
        "Europe/Lisbon",
        False,
    )


def test_the_role_follows_the_groups_up_and_down(provider):
    roles = []
    for groups in (["sre"], ["sre", "standby-admins"], ["kitchen"], "sre"):
        provider.claims["groups"] = groups
        come_in(Client())
        roles.append(User.objects.get().role)

    assert roles == ["responder", "admin", "viewer", "responder"]


def test_without_a_mapping_the_role_given_here_stays(client, provider, settings, ana):
    settings.OIDC_ROLES = {}
    User.objects.update(role=Role.ADMIN)

    come_in(client)

    assert User.objects.get().role == "admin"


def test_a_person_who_is_here_is_known_by_a_confirmed_address_and_then_by_the_provider(client, provider, ana):
    provider.claims["groups"] = ["sre"]
    come_in(client)
    provider.claims["email"] = "ana.new@example.org"
    again = Client()
    come_in(again)

    assert User.objects.get() == ana
    assert again.get("/profile/").context["user"] == ana


@pytest.mark.parametrize("confirmed", [False, "false", None, 1])
def test_an_address_that_is_not_confirmed_is_nobody(client, provider, ana, confirmed):
    provider.claims["email_verified"] = confirmed

    answer = come_in(client)

    assert answer.status_code == 403
    assert "did not confirm an e-mail address" in answer.content.decode()
    assert client.get("/").status_code == 302


@pytest.mark.parametrize(
    "lie", ["unsigned", "shared secret", "other key", "unknown key", "other audience", "expired", "other issuer", "other person", "no token"]
)
def test_a_token_that_is_not_to_be_believed_lets_nobody_in(client, provider, ana, lie):
    provider.lie = lie

    answer = come_in(client)

    assert answer.status_code == 403
    assert "was not to be trusted" in answer.content.decode()
    assert client.get("/").status_code == 302


def test_a_provider_that_is_down_is_said(client, provider):
    provider.lie = "down"
    broken = client.get("/accounts/oidc/sso/login/")
    provider.close()
    gone = client.get("/accounts/oidc/sso/login/")

    assert [answer.status_code for answer in (broken, gone)] == [503, 503]
    assert "Single sign-on does not answer" in gone.content.decode()
    assert client.get("/accounts/login/").status_code == 200


def test_a_state_of_another_browser_is_refused(client, provider, ana):
    there = client.get("/accounts/oidc/sso/login/")["Location"]
    state = dict(part.split("=") for part in there.partition("?")[2].split("&"))["state"]

    answer = Client().get(f"/accounts/oidc/sso/login/callback/?code=x&state={state}")

    assert answer.status_code == 403
    assert "/token" not in provider.asked


def test_nobody_without_a_group_comes_in_where_that_is_wanted(client, provider, settings):
    settings.OIDC_DEFAULT_ROLE = "none"

    answer = come_in(client)

    assert "None of your groups may use this portal" in answer.content.decode()
    assert not User.objects.exists()


def test_an_invitation_gives_role_and_team_to_whoever_comes_by_single_sign_on(client, provider, admin_user, settings):
    settings.OIDC_ROLES = {}
    invitations.invite("ana@example.org", role=Role.RESPONDER, by=admin_user, at=clock.now())

    come_in(client)

    ana = User.objects.get(email="ana@example.org")
    assert ana.role == "responder"
    assert Invitation.objects.get().person == ana


def test_where_only_single_sign_on_is_allowed_a_password_opens_break_glass_accounts_alone(provider, settings, ana, mailoutbox):
    settings.OIDC_ONLY = True
    glass = person("Glass", Role.ADMIN, is_break_glass=True)
    usual, night = Client(), Client()

    refused = usual.post("/accounts/login/", {"login": ana.email, "password": PASSWORD}, follow=True)
    provider.close()
    sign_in(night, glass.email)

    assert "Use single sign-on" in refused.content.decode()
    assert usual.get("/").status_code == 302
    assert night.get("/").status_code == 200
    assert Message.objects.get().subject == f"Break-glass account used: {glass.email}"


def test_a_break_glass_account_is_never_taken_over_by_its_address(client, provider):
    person("Ana", Role.ADMIN, is_break_glass=True)

    answer = come_in(client)

    assert "does not use single sign-on" in answer.content.decode()
    assert client.get("/").status_code == 302


def test_people_of_single_sign_on_need_no_second_factor_here(client, provider):
    provider.claims["groups"] = ["standby-admins"]
    come_in(client)

    assert "second factor" not in client.get("/").content.decode()


def test_somebody_switched_off_here_stays_out(client, provider, ana):
    ana.is_active = False
    ana.save()

    assert "This account is switched off" in come_in(client).content.decode()


def test_without_configuration_there_is_nothing(client, db):
    assert client.get("/accounts/oidc/sso/login/").status_code == 404
    assert "single sign-on" not in client.get("/accounts/login/").content.decode()


def test_a_break_glass_account_is_made_and_made_usable_again(db):
    user, first = break_glass.make("glass@example.org", time_zone="UTC")
    User.objects.update(is_active=False, role=Role.VIEWER)
    again, second = break_glass.make("GLASS@example.org", time_zone="UTC")

    assert again.pk == user.pk
    assert (again.role, again.is_active, again.is_break_glass) == ("admin", True, True)
    assert again.check_password(second)
    assert not again.check_password(first)


def test_a_mapping_that_cannot_be_read_stops_the_start(monkeypatch):
    from django.core.exceptions import ImproperlyConfigured

    monkeypatch.setenv("PORTAL_OIDC_ROLES", "sre=responder, ops = admin")
    assert environment.pairs("PORTAL_OIDC_ROLES", {"responder", "admin"}) == {"sre": "responder", "ops": "admin"}
    for wrong in ("sre", "sre=boss", "=admin"):
        monkeypatch.setenv("PORTAL_OIDC_ROLES", wrong)
        with pytest.raises(ImproperlyConfigured, match="PORTAL_OIDC_ROLES"):
            environment.pairs("PORTAL_OIDC_ROLES", {"responder", "admin"})


def test_no_secret_of_the_provider_is_kept(client, provider):
    come_in(client)

    from allauth.socialaccount.models import SocialAccount, SocialToken

    assert not SocialToken.objects.exists()
    assert "opaque" not in json.dumps(list(SocialAccount.objects.values_list("extra_data", flat=True)))
