"""Second factors: added, asked for, lost, and demanded of administrators without ever locking one out."""

from __future__ import annotations

import re
from datetime import timedelta
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from portal import clock, secrets
from portal.accounts.models import User
from tests.portal.signing_in import add_app, code_of, prove_it_is_me, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_tries_yet():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def own(client, ana):
    sign_in(client, ana.email)
    return client


def codes_shown(client) -> list[str]:
    return re.findall(r"\b\d{8}\b", client.get("/accounts/second-factor/codes/").content.decode())


def test_with_an_app_the_password_alone_opens_nothing(own, ana):
    secret = add_app(own)
    browser = Client()

    assert sign_in(browser, ana.email)["Location"] == "/accounts/second-factor/authenticate/"
    assert browser.get("/").status_code == 302
    wrong = browser.post("/accounts/second-factor/authenticate/", {"code": "000000"})
    right = browser.post("/accounts/second-factor/authenticate/", {"code": code_of(secret, steps=1)})

    assert "That code does not fit" in wrong.content.decode()
    assert right["Location"] == "/"
    assert browser.get("/").status_code == 200


def test_a_code_works_once(own, ana):
    secret = add_app(own)
    code = code_of(secret, steps=1)
    first, second = Client(), Client()
    for browser in (first, second):
        sign_in(browser, ana.email)
        browser.post("/accounts/second-factor/authenticate/", {"code": code})

    assert (first.get("/").status_code, second.get("/").status_code) == (200, 302)


def test_a_recovery_code_signs_in_once(own, ana):
    add_app(own)
    [code, *others] = codes_shown(own)

    assert len(others) == 9
    for expected in (200, 302):
        browser = Client()
        sign_in(browser, ana.email)
        browser.post("/accounts/second-factor/authenticate/", {"code": code})
        assert browser.get("/").status_code == expected
    assert code not in codes_shown(own)


def test_the_secrets_in_the_database_open_nothing(own, ana):
    secret = add_app(own)

    stored = str(list(Authenticator.objects.filter(user=ana).values_list("data", flat=True)))

    assert secret not in stored
    assert not any(code in stored for code in codes_shown(own))


def test_the_secrets_follow_a_change_of_the_key(own, ana, settings):
    secret = add_app(own)
    codes = codes_shown(own)
    old, new = settings.ENCRYPTION_KEYS, [Fernet.generate_key().decode()]

    settings.ENCRYPTION_KEYS = [*new, *old]
    done, closed = secrets.rotate()
    settings.ENCRYPTION_KEYS = new
    browser = Client()
    sign_in(browser, ana.email)
    browser.post("/accounts/second-factor/authenticate/", {"code": code_of(secret, steps=1)})

    assert (done, closed) == (2, [])
    assert browser.get("/").status_code == 200
    assert codes_shown(own) == codes


def test_a_lost_key_lets_nobody_in_with_an_empty_secret(own, ana, settings):
    add_app(own)
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    browser = Client()
    sign_in(browser, ana.email)

    answer = browser.post("/accounts/second-factor/authenticate/", {"code": code_of("")})

    assert answer.status_code == 503
    assert "no longer set" in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_what_changes_a_factor_asks_for_the_password_and_is_told_by_mail(own, ana, mailoutbox):
    asked = own.get("/accounts/second-factor/app/add/")
    add_app(own)
    own.post("/accounts/second-factor/app/remove/")

    assert asked["Location"].startswith("/accounts/reauthenticate/")
    assert [mail.subject for mail in mailoutbox] == ["An authenticator app was added", "The authenticator app was removed"]
    assert "/profile/" in mailoutbox[0].body
    assert not Authenticator.objects.filter(user=ana).exists()


def test_guessing_codes_is_slowed_down(own, ana):
    add_app(own)
    browser = Client()
    sign_in(browser, ana.email)

    said = [browser.post("/accounts/second-factor/authenticate/", {"code": f"{n:06d}"}).content.decode() for n in range(7)]

    assert "Too many failed" in said[-1]


def test_the_profile_says_what_is_there(own):
    add_app(own)

    html = own.get("/profile/").content.decode()

    assert "Laid out. Keep them on paper" in html
    assert "/accounts/second-factor/app/remove/" in html
    assert own.get("/accounts/second-factor/")["Location"] == "/profile/#security"


@pytest.fixture
def boss(admin_user):
    browser = Client()
    sign_in(browser, admin_user.email)
    return browser


def over(user: User) -> None:
    User.objects.filter(pk=user.pk).update(second_factor_due_at=clock.now() - timedelta(seconds=1))


def test_an_administrator_has_a_week_and_is_told(boss, admin_user):
    html = boss.get("/").content.decode()

    admin_user.refresh_from_db()
    assert "Administrators need a second factor" in html
    assert timedelta(days=6, hours=23) < admin_user.second_factor_due_at - clock.now() <= timedelta(days=7)
    assert boss.get("/people/").status_code == 200


def test_then_administrator_rights_rest_but_responding_goes_on(boss, admin_user):
    boss.get("/")
    over(admin_user)

    assert "Your administrator rights rest" in boss.get("/").content.decode()
    assert boss.get("/people/").status_code == 403
    assert boss.get("/admin/accounts/user/").status_code == 403
    assert boss.get("/incidents/new/").status_code == 200


def test_the_last_administrator_gets_the_rights_back_with_nothing_but_the_password(boss, admin_user):
    boss.get("/")
    over(admin_user)

    add_app(boss)
    boss.get("/accounts/second-factor/codes/")

    assert boss.get("/people/").status_code == 200
    assert "rights rest" not in boss.get("/").content.decode()


def test_nobody_but_administrators_is_asked(own, ana):
    html = own.get("/").content.decode()

    ana.refresh_from_db()
    assert "second factor" not in html
    assert ana.second_factor_due_at is None


def test_lost_devices_are_forgotten_from_the_command_line(boss, admin_user):
    add_app(boss)
    out = StringIO()

    call_command("second_factor_reset", admin_user.email.upper(), stdout=out)

    assert out.getvalue() == f"2 removed from {admin_user.email}.\n"
    assert sign_in(Client(), admin_user.email)["Location"] == "/"


def test_new_recovery_codes_replace_the_old(own):
    add_app(own)
    old = codes_shown(own)
    prove_it_is_me(own)

    own.post("/accounts/second-factor/codes/new/")

    assert not set(old) & set(codes_shown(own))
    assert own.get("/accounts/second-factor/codes/download/")["Content-Disposition"] == 'attachment; filename="recovery-codes.txt"'
