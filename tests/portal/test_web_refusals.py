"""What people see when something does not go through."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path

from portal.errors import NotAllowed, Stale
from portal.urls import handler400, handler403, handler404, handler500  # noqa: F401  (this module is a URL configuration)

pytestmark = pytest.mark.django_db


def refusing(request):
    raise Stale("Somebody saved since you read this.")


def forbidding(request):
    raise NotAllowed("Only leads may do this.")


def breaking(request):
    raise RuntimeError("a secret from inside")


urlpatterns = [
    path("refusing/", refusing),
    path("forbidding/", forbidding),
    path("breaking/", breaking),
    path("api/breaking/", breaking),
    path("hooks/breaking/", breaking),
    path("form/", lambda request: HttpResponse("saved")),
    path("", include("portal.urls")),
]


@pytest.fixture
def reader(settings, ana):
    settings.ROOT_URLCONF = __name__
    client = Client(raise_request_exception=False)
    client.force_login(ana)
    return client


@pytest.fixture
def stranger(settings):
    settings.ROOT_URLCONF = __name__
    return Client(raise_request_exception=False)


def test_a_refusal_is_a_page_with_its_sentence(reader):
    response = reader.get("/refusing/")

    assert response.status_code == 409
    assert "Somebody saved since you read this." in response.content.decode()
    assert "<h1>That is not possible</h1>" in response.content.decode()


def test_a_refused_form_shows_what_was_typed_but_no_secret(reader):
    page = reader.post(
        "/refusing/", {"body": "Queue grows </textarea><b>fast", "password1": "my new password", "api_token": "abcdefghijklmnop"}
    ).content.decode()

    assert "Queue grows &lt;/textarea&gt;&lt;b&gt;fast" in page
    assert "my new password" not in page
    assert "abcdefghijklmnop" not in page


def test_a_refusal_to_htmx_leaves_the_form_alone(reader):
    response = reader.post("/refusing/", headers={"HX-Request": "true"})

    assert (response.status_code, response["HX-Retarget"]) == (409, "#refusal")
    assert "<html" not in response.content.decode()


def test_the_page_lets_htmx_show_every_refusal(reader):
    page = reader.get("/").content.decode()

    assert '{"code":"400|401|403|409|422|429","swap":true}' in page
    assert '"allowEval":false' in page


def test_a_broken_page_names_the_request_and_nothing_else(reader):
    response = reader.get("/breaking/")

    assert response.status_code == 500
    assert response["X-Request-Id"] in response.content.decode()
    assert "a secret from inside" not in response.content.decode()


@pytest.mark.parametrize("place", ["/api/breaking/", "/hooks/breaking/"])
def test_machines_get_json_when_something_breaks(reader, place):
    response = reader.get(place)

    assert response.status_code == 500
    assert response.json() == {"code": "broken", "message": "Something broke on our side.", "request_id": response["X-Request-Id"]}


def test_a_wrong_address_is_said_in_words(reader):
    response = reader.get("/no/such/page/")

    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


def test_a_wrong_address_below_the_api_is_json(reader):
    assert reader.get("/api/no/such/noun/").json()["code"] == "not_found"


def test_a_form_without_its_token_says_what_to_do(settings, ana):
    settings.ROOT_URLCONF = __name__
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana)

    response = client.post("/form/")

    assert response.status_code == 403
    assert "copy what you typed" in response.content.decode()


def test_strangers_sign_in_first_and_come_back(stranger):
    assert stranger.get("/runbooks/?q=queue&stale=1")["Location"] == "/accounts/login/?next=%2Frunbooks%2F%3Fq%3Dqueue%26stale%3D1"


def test_a_strangers_form_leads_back_to_the_start(stranger):
    assert stranger.post("/form/", {"text": "typed"})["Location"] == "/accounts/login/?next=%2F"


def test_a_fragment_for_a_stranger_keeps_what_was_typed(stranger):
    response = stranger.post("/form/", headers={"HX-Request": "true"})

    assert (response.status_code, response["HX-Retarget"]) == (401, "#refusal")
    assert "what you typed is kept" in response.content.decode()


def test_signing_in_never_leads_to_another_site(client, ana):
    response = client.post("/accounts/login/?next=https://evil.example/", {"login": ana.email, "password": "correct horse battery"})

    assert response["Location"] == "/"


@pytest.mark.parametrize(
    ("came_from", "leads_to"),
    [
        ("http://testserver/incidents/7/?show=updates", "/incidents/7/?show=updates"),
        ("https://elsewhere.example/incidents/7/", None),
        ("javascript:alert(1)", None),
        ("", None),
    ],
)
def test_a_refusal_leads_back_to_our_page_that_asked_and_to_no_other(reader, came_from, leads_to):
    page = reader.get("/refusing/", headers={"Referer": came_from}).content.decode()

    assert ("Back to where you were" in page) == bool(leads_to)
    assert not leads_to or f'href="{leads_to}"' in page
