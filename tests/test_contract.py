"""The API keeps what its schema promises: schemathesis against every role, each request in a transaction that is rolled back.

    make contract                              every role, CONTRACT_EXAMPLES requests for each operation (30)

The quick pass in the suite asks as an editor and as an administrator. Addresses are those of things that exist half of the time, and
If-Match fits half of the time, so that more is met than 404 and 412.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from functools import cache

import pytest
from django.core import signals
from django.db import close_old_connections, transaction
from django.urls import reverse
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from portal.api.documents import KeptGenerator
from portal.wsgi import application
from tests.test_authorisation import ROWS, TOKENS, world

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed: it is in the group test")
from schemathesis import checks  # noqa: E402

checks.load_all_checks()
NAMES = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance", "response_schema_conformance"]
CHECKS = [checks.CHECKS.get_one(name) for name in NAMES]
FULL = int(os.environ.get("CONTRACT_EXAMPLES", "0"))
ROLES = ["anon", "viewer", "responder", "editor", "lead", "admin", "other_team", "read_token", "write_token", "disabled", "expired_token"]

__all__ = ["world"]  # a fixture


@cache
def schema():
    """Read without asking over HTTP: the schema is for people who are signed in."""
    document = json.loads(json.dumps(KeptGenerator().get_schema(), default=str))
    document["components"].pop("securitySchemes")  # who asks is said by `identity_of`, not made up
    for operation in (said for item in document["paths"].values() for said in item.values() if isinstance(said, dict)):
        operation.pop("security", None)
    found = schemathesis.openapi.from_dict(document)
    found.app = application
    return found


@pytest.fixture(autouse=True)
def _one_connection():
    """The server would close the connection after each request, and with it the transaction of the test."""
    for signal in (signals.request_started, signals.request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (signals.request_started, signals.request_finished):
        signal.connect(close_old_connections)


def identity_of(world, role: str) -> dict[str, dict[str, str]]:
    """A token, or a session with its CSRF token, as arguments of a call."""
    if role in TOKENS:
        return {"headers": {"Authorization": f"Bearer {world.secrets[role]}"}}
    if role == "anon":
        return {}
    token = "c" * 32  # a secret as Django takes it from the cookie
    session = world.clients[role].cookies["sessionid"].value
    return {"cookies": {"sessionid": session, "csrftoken": token}, "headers": {"X-CSRFToken": token}}


def known(world) -> dict[str, list[dict[str, str]]]:
    """Path parameters of things that exist, by the schema's paths: from the authorisation table."""
    patterns = {path: re.compile("^" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + "$") for path in KeptGenerator().get_schema()["paths"]}
    found: dict[str, list[dict[str, str]]] = {}
    for url in {reverse(row.url, kwargs=row.kwargs(world)) for row in ROWS if row.url.startswith("api:")}:
        for path, pattern in patterns.items():
            if match := pattern.match(url):
                found.setdefault(path, []).append(match.groupdict())
    return found


def asking(operation, identity, places, statuses, examples: int):
    """A property: whatever is sent to this operation, the answer is one of those that the schema names."""

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), here=st.booleans(), fits=st.booleans(), pick=st.integers(0, 5))
    def ask(case, here, fits, pick):
        if here and places:
            case.path_parameters = dict(places[pick % len(places)])
        if fits and case.method in {"PUT", "PATCH", "DELETE"}:
            case.headers["If-Match"] = "*"
        with transaction.atomic():
            try:
                response = case.call(**identity)
                statuses[response.status_code] += 1
                case.validate_response(response, checks=CHECKS)
            finally:
                transaction.set_rollback(True)

    return ask


def said(found: BaseException) -> str:
    """The innermost findings of a group, each as schemathesis says it."""
    inner = getattr(found, "exceptions", None)
    return " | ".join(map(said, inner)) if inner else str(found)[:600]


def findings(world, role: str, examples: int) -> tuple[list[str], Counter]:
    """What breaks the schema when this role asks, and how often each status came."""
    identity, wrong, statuses = identity_of(world, role), {}, Counter()
    places = known(world)
    for result in schema().get_all_operations():
        operation = result.ok()
        try:
            asking(operation, identity, places.get(operation.path, []), statuses, examples)()
        except (Exception, BaseExceptionGroup) as found:  # schemathesis groups its failures; each is kept with its operation
            wrong[operation.label] = f"{role} {operation.label}: {said(found)}"
    return list(wrong.values()), statuses


@pytest.mark.parametrize("role", ROLES if FULL else ["editor", "admin"])
def test_every_answer_is_one_that_the_schema_names(world, role, capsys):
    wrong, statuses = findings(world, role, FULL or 2)

    with capsys.disabled():
        print(f"\ncontract as {role}: {sum(statuses.values())} requests, {len(wrong)} findings, statuses {dict(sorted(statuses.items()))}")
    assert not wrong, "\n\n".join(wrong)
