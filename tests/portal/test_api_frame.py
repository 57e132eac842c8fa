"""The API's frame: who changes what on which version, a POST that acts once, refusals that read alike."""

from __future__ import annotations

import json
import threading

import pytest
from django.db import connection, connections
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from oncall.models import Membership, Service, Team
from portal import parsing
from portal.accounts.models import ApiToken
from portal.accounts.roles import Role
from portal.accounts.tokens import create_token
from portal.api import idempotency, versions
from portal.api.idempotency import Idempotent
from portal.errors import DomainError
from portal.models import Answer
from tests.conftest import person


def bearer(role: Role = Role.RESPONDER, name: str = "robot", **more) -> Client:
    _, secret = create_token(name, role=role, at=timezone.now(), **more)
    return Client(headers={"Authorization": f"Bearer {secret}"})


def post(client: Client, url: str, body=None, key: str = ""):
    return client.post(url, json.dumps(body or {}), content_type="application/json", headers={"Idempotency-Key": key} if key else {})


def patch(client: Client, url: str, body, if_match: str | None = None, method: str = "PATCH"):
    headers = {} if if_match is None else {"If-Match": if_match}
    return client.generic(method, url, json.dumps(body), content_type="application/json", headers=headers)


@pytest.fixture
def robot(db):
    return bearer(Role.EDITOR)


@pytest.fixture
def service(db):
    return Service.objects.create(name="agent-api", slug="agent-api", team=Team.objects.create(name="Platform", slug="platform"))


# A POST sent twice


def test_a_post_sent_twice_with_one_key_acts_once_and_is_answered_twice(robot):
    first = post(robot, "/api/incidents/", {"title": "Once"}, key="k-1")
    second = post(robot, "/api/incidents/", {"title": "Once"}, key="k-1")

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert (second["Idempotency-Replayed"], first.has_header("Idempotency-Replayed")) == ("true", False)
    assert robot.get("/api/incidents/").json()["results"][0]["title"] == "Once"
    assert len(robot.get("/api/incidents/").json()["results"]) == 1


def test_the_same_key_with_another_request_is_refused(robot):
    post(robot, "/api/incidents/", {"title": "One"}, key="k-1")

    other = post(robot, "/api/incidents/", {"title": "Two"}, key="k-1")

    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(robot.get("/api/incidents/").json()["results"]) == 1


def test_a_refused_request_leaves_its_key_free(robot):
    assert post(robot, "/api/incidents/", {"title": ""}, key="k-1").status_code == 400

    assert post(robot, "/api/incidents/", {"title": "Mended"}, key="k-1").status_code == 201


def test_another_person_with_the_same_key_is_another_request(robot):
    post(robot, "/api/incidents/", {"title": "Mine"}, key="k-1")

    assert post(bearer(name="other"), "/api/incidents/", {"title": "Mine"}, key="k-1").status_code == 201
    assert len(robot.get("/api/incidents/").json()["results"]) == 2


def test_a_revoked_token_is_repeated_nothing(robot):
    post(robot, "/api/incidents/", {"title": "Mine"}, key="k-1")
    ApiToken.objects.update(revoked_at=timezone.now())

    assert post(robot, "/api/incidents/", {"title": "Mine"}, key="k-1").status_code == 401


@pytest.mark.parametrize("key", ["with space", "x" * 201, "ключ"])
def test_a_key_that_cannot_be_kept_is_refused(robot, key):
    answer = post(robot, "/api/incidents/", {"title": "x"}, key=key)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_what_an_answer_said_is_stored_encrypted_and_forgotten(robot, noon):
    post(robot, "/api/incidents/", {"title": "Hunter2"}, key="k-1")

    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM portal_answer")
        [(stored,)] = cursor.fetchall()
    assert stored.startswith("sealed:")
    assert idempotency.forget(timezone.now()) == 0
    assert idempotency.forget(timezone.now() + idempotency.KEPT_FOR * 2) == 1


@pytest.mark.django_db(transaction=True)
def test_two_at_once_with_one_key_act_once():
    _, secret = create_token("robot", role=Role.RESPONDER, at=timezone.now())
    answers, ready = [], threading.Barrier(6)

    def ask() -> None:
        client = Client(headers={"Authorization": f"Bearer {secret}"})
        ready.wait(10)
        answers.append(post(client, "/api/incidents/", {"title": "Race"}, key="k-1"))
        connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Answer.objects.count() == 1


def api_views():
    def walk(patterns):
        for pattern in patterns:
            if hasattr(pattern, "url_patterns"):
                yield from walk(pattern.url_patterns)
            elif found := getattr(pattern.callback, "cls", None):
                yield found, set(getattr(pattern.callback, "actions", None) or {method for method in ("post",) if hasattr(found, method)})

    return walk(get_resolver().url_patterns)


def test_every_view_of_the_api_that_takes_post_is_idempotent():
    without = {view.__name__ for view, methods in api_views() if "post" in methods and not issubclass(view, Idempotent)}

    assert without == set()


# A change says on which version


def test_a_change_without_a_version_is_told_to_bring_one(robot, service):
    answer = patch(robot, "/api/services/agent-api/", {"tier": 1})

    assert (answer.status_code, answer.json()["code"]) == (428, "if_match_required")
    assert 'If-Match: "1"' in answer.json()["message"]


def test_a_change_on_the_version_that_was_read_is_saved_and_the_next_one_on_it_is_stale(robot, service):
    tag = robot.get("/api/services/agent-api/")["ETag"]

    saved = patch(robot, "/api/services/agent-api/", {"tier": 1}, tag)
    stale = patch(robot, "/api/services/agent-api/", {"tier": 3}, tag)

    assert (saved.status_code, saved.json()["tier"], saved["ETag"]) == (200, 1, '"2"')
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    service.refresh_from_db()
    assert (service.tier, service.version, service.history.count()) == (1, 2, 2)


def test_a_thing_without_a_version_is_known_by_what_it_says(db):
    team = Team.objects.create(name="Platform", slug="platform")
    lead = person("Lea")
    Membership.objects.create(team=team, user=lead, role="lead")
    client = Client()
    client.force_login(lead)
    tag = client.get("/api/teams/platform/")["ETag"]

    assert patch(client, "/api/teams/platform/", {"description": "One"}, tag).status_code == 200
    assert patch(client, "/api/teams/platform/", {"description": "Two"}, tag).status_code == 412
    team.refresh_from_db()
    assert team.description == "One"


@pytest.mark.parametrize("given", ['"1"', "1", 'W/"1"', '"7", "1"', "*"])
def test_the_current_version_is_known_however_it_is_written(given):
    versions.check(given, '"1"')


@pytest.mark.parametrize(("given", "status"), [(None, 428), ("", 428), ('"2"', 412), ("garbage in here", 412), ('"10"', 412)])
def test_another_version_is_not(given, status):
    with pytest.raises(DomainError) as refusal:
        versions.check(given, '"1"')

    assert refusal.value.http_status == status


# Refusals read alike


@pytest.mark.parametrize(
    ("method", "url", "more", "status", "code"),
    [
        ("GET", "/api/nothing/", {}, 404, "not_found"),
        ("GET", "/api/incidents/999999999999999999999/", {}, 404, "not_found"),
        ("GET", "/api/incidents/9223372036854775808/", {}, 404, "not_found"),
        ("GET", "/api/services/%00/", {}, 404, "not_found"),
        ("DELETE", "/api/incidents/", {}, 405, "method_not_allowed"),
        ("GET", "/api/incidents/", {"headers": {"Accept": "text/html"}}, 406, "not_acceptable"),
        ("POST", "/api/incidents/", {"data": "<x/>", "content_type": "application/xml"}, 415, "unsupported_media_type"),
        ("POST", "/api/incidents/", {"data": "{", "content_type": "application/json"}, 400, "parse_error"),
        ("POST", "/api/incidents/", {"data": "[" * 100_000, "content_type": "application/json"}, 400, "parse_error"),
        ("POST", "/api/incidents/", {"data": '{"severity": 1e999}', "content_type": "application/json"}, 400, "parse_error"),
        ("POST", "/api/incidents/", {"data": '{"severity": NaN}', "content_type": "application/json"}, 400, "parse_error"),
        ("POST", "/api/incidents/", {"data": '{"a":' * 30 + "1" + "}" * 30, "content_type": "application/json"}, 400, "parse_error"),
        ("POST", "/api/incidents/", {"data": '"text"', "content_type": "application/json"}, 400, "invalid"),
        ("POST", "/api/incidents/", {"data": '{"title": "a\\u0000b"}', "content_type": "application/json"}, 400, "invalid"),
        ("GET", "/api/incidents/?severity=x", {}, 400, "invalid"),
        ("GET", "/api/incidents/?cursor=x", {}, 404, "not_found"),
        ("GET", "/api/incidents", {}, 404, "not_found"),
    ],
)
def test_every_refusal_has_a_code_and_a_sentence(robot, method, url, more, status, code):
    answer = robot.generic(method, url, **more)

    assert (answer.status_code, answer["Content-Type"]) == (status, "application/json")
    assert answer.json()["code"] == code
    assert len(answer.json()["message"]) > 10


def test_a_stranger_is_told_so(client):
    answer = client.get("/api/incidents/")

    assert (answer.status_code, answer.json()["code"], answer["WWW-Authenticate"]) == (401, "not_authenticated", 'Bearer realm="standby"')


@pytest.mark.parametrize(("value", "fits"), [(1, True), ([[1]], True), ([[[1]]], False), ({"a": {"b": {}}}, False), ({"a": []}, True)])
def test_depth_is_counted_in_lists_and_objects(value, fits):
    assert parsing.shallow(value, 2) is fits


# The schema and its page


def test_the_schema_is_whole(robot, capsys):
    from django.core.management import call_command

    call_command("spectacular", "--validate", "--fail-on-warn", "--file", "/dev/null")
    schema = robot.get("/api/schema/?format=json").json()

    assert "/api/incidents/{id}/" in schema["paths"]
    listed = schema["paths"]["/api/incidents/{id}/"]["get"]["responses"]
    assert {"200", "400", "401", "403", "404"} <= set(listed)
    patched = schema["paths"]["/api/runbooks/{slug}/"]["patch"]
    assert {"409", "412", "428"} <= set(patched["responses"])
    assert {p["name"] for p in schema["paths"]["/api/incidents/"]["post"]["parameters"]} == {"Idempotency-Key"}


def test_the_page_of_the_api_names_every_operation(client, ana):
    client.force_login(ana)

    page = client.get("/api/docs/").content.decode()

    schema = client.get("/api/schema/?format=json").json()
    operations = [said["operationId"] for item in schema["paths"].values() for said in item.values() if "operationId" in said]
    assert [name for name in operations if f'id="{name}"' not in page] == []
    assert "Idempotency-Key" in page
