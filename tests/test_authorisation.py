"""Who may do what: every URL × method × column of the table, asked for real. A URL without a row fails."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from copy import copy
from datetime import timedelta
from functools import cache
from types import SimpleNamespace

import pytest
from django.contrib import admin
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from oncall.models import Membership, Service, Team
from portal.accounts.models import ApiToken
from portal.accounts.roles import Role
from portal.accounts.tokens import create_token
from tests.authorisation import COLUMNS, SIGNED_IN, Row
from tests.conftest import person

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
TOKENS = {"read_token", "write_token", "expired_token", "revoked_token"}


def tables():
    """Every `tests/<package>/authorisation*.py`."""
    for package in ("portal", "oncall", "runbooks", "incidents", "postmortems"):
        home = importlib.import_module(f"tests.{package}")
        for found in pkgutil.iter_modules(home.__path__):
            if found.name.startswith("authorisation"):
                yield importlib.import_module(f"{home.__name__}.{found.name}")


ROWS: list[Row] = [row for table in tables() for row in table.ROWS]
ADMIN = {label: rights for table in tables() for label, rights in getattr(table, "ADMIN", {}).items()}


@cache
def patterns() -> dict[str, URLPattern]:
    """Every URL by its full name; the admin's own are asked through the table ADMIN."""

    def walk(found, namespace=""):
        for pattern in found:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, namespace + (f"{pattern.namespace}:" if pattern.namespace else ""))
            else:
                yield namespace + (pattern.name or f"unnamed {pattern.pattern}"), pattern

    return {name: pattern for name, pattern in walk(get_resolver().url_patterns) if not name.startswith("admin:")}


def methods_of(pattern: URLPattern) -> set[str]:
    """Methods that the pattern routes by itself (API viewsets); empty for plain views, which are probed instead."""
    actions = getattr(pattern.callback, "actions", None) or {}
    return {method.upper() for method in actions} & set(METHODS)


def test_every_url_has_a_row():
    without = sorted(set(patterns()) - {row.url for row in ROWS})

    assert without == []


def test_every_method_of_the_api_has_a_row():
    listed = {(row.url, row.method) for row in ROWS}

    assert sorted({(name, method) for name, pattern in patterns().items() for method in methods_of(pattern)} - listed) == []


def test_every_row_names_a_url_and_stands_once():
    twice = [key for key, count in Counter((row.url, row.method) for row in ROWS).items() if count > 1]

    assert (sorted({row.url for row in ROWS} - set(patterns())), twice) == ([], [])


def test_every_model_in_the_admin_has_a_row():
    assert sorted({model._meta.label_lower for model in admin.site._registry} ^ set(ADMIN)) == []


@pytest.fixture
def world(db):
    return laid_out()


def laid_out() -> SimpleNamespace:
    """People of every column, and one of each thing, owned by the team of `editor` and `lead`."""
    now = timezone.now()
    world = SimpleNamespace(now=now, people={}, secrets={})
    world.team = Team.objects.create(name="Matrix team", slug="matrix-team")
    world.other = Team.objects.create(name="Other team", slug="other-team")
    world.service = Service.objects.create(name="matrix-api", slug="matrix-api", team=world.team)
    for name in ("viewer", "responder", "editor", "lead", "admin", "other_team", "disabled"):
        role = {"viewer": Role.VIEWER, "admin": Role.ADMIN}.get(name, Role.RESPONDER)
        world.people[name] = person(name.title(), role)
    for name, team, right in [("editor", world.team, "editor"), ("lead", world.team, "lead"), ("other_team", world.other, "editor")]:
        Membership.objects.create(team=team, user=world.people[name], role=right)
    for name in TOKENS:
        scope = ApiToken.Scope.READ if name == "read_token" else ApiToken.Scope.WRITE
        token, world.secrets[name] = create_token(name, role=Role.RESPONDER, at=now, scope=scope)
        if name == "expired_token":
            ApiToken.objects.filter(pk=token.pk).update(expires_at=now - timedelta(seconds=1))
        if name == "revoked_token":
            ApiToken.objects.filter(pk=token.pk).update(revoked_at=now)
    for table in tables():
        if hasattr(table, "build"):
            table.build(world)
    disabled = world.people["disabled"]
    world.clients = {name: client_of(world, name) for name in COLUMNS}
    type(disabled).objects.filter(pk=disabled.pk).update(is_active=False)
    return world


def client_of(world, column: str) -> Client:
    """Signed in, with a token, or a stranger. The disabled one was signed in before."""
    client = Client(raise_request_exception=False)
    if column in world.people:
        client.force_login(world.people[column])
    elif column in TOKENS:
        client = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {world.secrets[column]}"})
    return client


def ask(world, column: str, method: str, url: str, data=None) -> int:
    """The answer's status; a way to the sign-in page counts as 401."""
    content_type = "application/json" if url.startswith("/api/") else "application/x-www-form-urlencoded"
    client = copy(world.clients[column])
    client.cookies = copy(client.cookies)  # what an answer sets (signing out) stays with this request
    if method == "POST" and not url.startswith("/api/"):
        response = client.post(url, data or {})
    else:
        response = client.generic(method, url, **({"data": _json(data), "content_type": content_type} if method != "GET" else {}))
    to_sign_in = response.status_code == 302 and response["Location"].startswith("/accounts/login/?next=")
    return 401 if to_sign_in else response.status_code


def _json(data) -> str:
    import json

    return json.dumps(data or {})


def test_every_cell_is_as_declared(world, capsys):
    wrong, cells = [], 0
    for row in ROWS:
        url = reverse(row.url, kwargs=row.kwargs(world))
        for column in COLUMNS:
            is_page_with_token = column in TOKENS and not url.startswith(("/api/", "/metrics"))
            may = ("anon" if is_page_with_token else column) in row.may
            with transaction.atomic():
                status = ask(world, column, row.method, url, row.data(world))
                transaction.set_rollback(True)
            cells += 1
            if status >= 500 or may != (status not in {401, 403, 404}):
                wrong.append(f"{column} {row.method} {url}: {status}, declared {'yes' if may else 'no'}")

    with capsys.disabled():
        print(f"\nauthorisation matrix: {len(ROWS)} rows x {len(COLUMNS)} columns = {cells} cells")
    assert not wrong, "\n" + "\n".join(wrong)


def test_methods_without_a_row_are_refused(world):
    listed = {(row.url, row.method) for row in ROWS}
    kwargs = {row.url: row.kwargs for row in ROWS}
    answered = []
    for name in sorted({row.url for row in ROWS}):
        url = reverse(name, kwargs=kwargs[name](world))
        for method in METHODS:
            if (name, method) not in listed and (status := ask(world, "admin", method, url)) not in {401, 403, 404, 405}:
                answered.append(f"{method} {url}: {status}")

    assert not answered, "\n" + "\n".join(answered)


def test_every_model_in_the_admin_is_as_declared(world, capsys):
    """ADMIN: model label → (who sees the list, who may add). Changing single rows is asked by the packages' own tests."""
    wrong, cells = [], 0
    for model, _ in admin.site._registry.items():
        see, add = ADMIN[model._meta.label_lower]
        base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        for column in COLUMNS:
            for url, may in ((reverse(f"{base}_changelist"), see), (reverse(f"{base}_add"), add)):
                status = ask(world, column, "GET", url)
                declared = ("anon" if column in TOKENS else column) in may
                cells += 1
                if status >= 500 or declared != (status not in {401, 403, 404, 302}):
                    wrong.append(f"{column} {url}: {status}, declared {'yes' if declared else 'no'}")

    with capsys.disabled():
        print(f"\nauthorisation matrix of the admin: {cells} cells")
    assert not wrong, "\n" + "\n".join(wrong)


def test_a_restricted_incident_is_not_there_for_those_not_named(world, capsys):
    """404, not 403: that it exists is nobody's business."""
    from tests.incidents.authorisation import NAMED, RESTRICTED, reason

    wrong, cells = [], 0
    for name, method in RESTRICTED:
        url = reverse(name, kwargs={"pk": world.restricted.pk})
        for column in COLUMNS:
            if column in TOKENS and not url.startswith("/api/"):
                continue
            with transaction.atomic():
                status = ask(world, column, method, url, reason(world))
                transaction.set_rollback(True)
            cells += 1
            signed_in = column in SIGNED_IN and not (column == "read_token" and method != "GET")
            declared = status not in {401, 403, 404} if column in NAMED else status == 404 if signed_in else status in {401, 403}
            if status >= 500 or not declared:
                wrong.append(f"{column} {method} {url}: {status}")

    with capsys.disabled():
        print(f"\nauthorisation matrix of a restricted incident: {cells} cells")
    assert not wrong, "\n" + "\n".join(wrong)
