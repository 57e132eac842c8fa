"""Where a person is signed in, and signing out elsewhere."""

from __future__ import annotations

import pytest
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.test import Client

from portal.accounts.sessions import described
from tests.portal.signing_in import sign_in

pytestmark = pytest.mark.django_db

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
LAPTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture(autouse=True)
def _no_tries_yet():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def browsers(ana):
    laptop, phone = Client(headers={"user-agent": LAPTOP}), Client(headers={"user-agent": PHONE})
    for browser in (laptop, phone):
        sign_in(browser, ana.email)
    return laptop, phone


def test_the_profile_lists_every_browser_and_marks_this_one(browsers):
    laptop, _ = browsers

    html = laptop.get("/profile/").content.decode()

    assert "<b>This browser</b>, Firefox on Linux" in html
    assert "Safari on iPhone" in html


def test_another_browser_is_signed_out_at_once(browsers, ana):
    laptop, phone = browsers
    other = UserSession.objects.exclude(session_key=laptop.session.session_key).get()

    laptop.post(f"/profile/sessions/{other.pk}/end/")

    assert phone.get("/").status_code == 302
    assert laptop.get("/").status_code == 200


def test_all_others_are_signed_out_together(browsers, ana):
    laptop, phone = browsers
    third = Client()
    sign_in(third, ana.email)

    laptop.post("/profile/sessions/end-others/")

    assert [browser.get("/").status_code for browser in (laptop, phone, third)] == [200, 302, 302]


def test_nobody_ends_somebody_elses_session(browsers, ben):
    stranger = Client()
    sign_in(stranger, ben.email)

    for row in UserSession.objects.exclude(user=ben):
        stranger.post(f"/profile/sessions/{row.pk}/end/")

    assert [browser.get("/").status_code for browser in browsers] == [200, 200]


def test_a_new_password_ends_every_other_session(browsers):
    laptop, phone = browsers
    changed = {"oldpassword": "correct horse battery", "password1": "battery staple 7 horses", "password2": "battery staple 7 horses"}

    laptop.post("/accounts/password/change/", changed)

    assert [browser.get("/").status_code for browser in browsers] == [200, 302]


def test_signing_in_makes_a_new_session_key(client, ana):
    client.get("/accounts/login/")
    client.session["kept"] = "before"
    client.session.save()
    before = client.session.session_key

    sign_in(client, ana.email)

    assert client.session.session_key != before


def test_without_the_tick_the_session_ends_with_the_browser(client, ana):
    client.post("/accounts/login/", {"login": ana.email, "password": "correct horse battery"})
    assert client.cookies["sessionid"]["max-age"] == ""

    client.logout()
    client.post("/accounts/login/", {"login": ana.email, "password": "correct horse battery", "remember": "on"})
    assert client.cookies["sessionid"]["max-age"] == 14 * 24 * 3600


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (PHONE, "Safari on iPhone"),
        (LAPTOP, "Firefox on Linux"),
        ("curl/8.5", "a browser"),
        ("", "a browser"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140 Edg/140", "Edge on Windows"),
    ],
)
def test_a_browser_is_named_as_people_do(user_agent, words):
    assert described(user_agent) == words
