"""Coming in, going out and getting a new password."""

from __future__ import annotations

import re

import pytest
from django.core.cache import cache

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_tries_yet():
    cache.clear()  # the limits of tries are counted there
    yield
    cache.clear()


def sign_in(client, email, password, way="/accounts/login/"):
    return client.post(way, {"login": email, "password": password})


def test_the_address_is_good_in_any_case(client, ana):
    assert sign_in(client, ana.email.upper(), "correct horse battery")["Location"] == "/"


def test_people_land_on_the_page_they_were_paged_to(client, ana):
    assert sign_in(client, ana.email, "correct horse battery", "/accounts/login/?next=/incidents/142/")["Location"] == "/incidents/142/"


def test_a_wrong_password_and_an_unknown_address_read_alike(client, ana):
    wrong = sign_in(client, ana.email, "wrong").content.decode()
    unknown = sign_in(client, "nobody@example.org", "wrong").content.decode()

    said = [re.findall(r"<br>([^<]+)", page) for page in (wrong, unknown)]
    assert said[0] == said[1] != []


def test_after_five_wrong_tries_even_the_right_password_waits(client, ana):
    for _ in range(5):
        sign_in(client, ana.email, "wrong")

    response = sign_in(client, ana.email, "correct horse battery")

    assert response.status_code == 200
    assert "Too many failed" in response.content.decode()


def test_people_who_were_switched_off_are_told(client, ana):
    ana.is_active = False
    ana.save()

    response = sign_in(client, ana.email, "correct horse battery")

    assert response["Location"] == "/accounts/inactive/"
    assert "This account is switched off" in client.get("/accounts/inactive/").content.decode()


def test_signing_out_takes_a_form(client, ana):
    client.force_login(ana)

    assert client.get("/accounts/logout/").status_code == 200
    assert client.get("/").status_code == 200
    client.post("/accounts/logout/")
    assert client.get("/").status_code == 302


def test_a_forgotten_password_is_replaced_by_a_link_that_works_once(client, ana, mailoutbox):
    client.post("/accounts/password/reset/", {"email": ana.email})
    link = re.search(r"https?://[^/]+(/accounts/password/reset/key/\S+)", mailoutbox[0].body)[1]

    form = client.get(link, follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": "battery staple 7 horses", "password2": "battery staple 7 horses"})
    client.logout()

    assert mailoutbox[0].subject == "Reset your Standby password"
    assert sign_in(client, ana.email, "battery staple 7 horses")["Location"] == "/"
    client.logout()
    assert "This link no longer works" in client.get(link).content.decode()


def test_a_link_in_a_mail_leads_to_this_portal_whatever_host_was_asked(client, ana, mailoutbox, settings):
    client.post("/accounts/password/reset/", {"email": ana.email}, headers={"host": "evil.example"})

    assert f"{settings.BASE_URL}/accounts/password/reset/key/" in mailoutbox[0].body
    assert "evil.example" not in mailoutbox[0].body


def test_asking_for_an_unknown_address_looks_the_same_and_mails_nobody(client, ana, mailoutbox):
    known = client.post("/accounts/password/reset/", {"email": ana.email})
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@example.org"})

    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert [mail.to for mail in mailoutbox] == [[ana.email]]


def test_nobody_signs_up_by_themselves(client):
    assert client.get("/accounts/signup/").status_code == 404
