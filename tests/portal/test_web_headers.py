"""Every answer carries its protection: pages, refusals, errors, the admin, the API and static files."""

from __future__ import annotations

import re
from copy import copy

import pytest
from django.db import transaction
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, get_resolver, reverse
from django.views.static import serve

from tests.test_authorisation import ROWS, world  # noqa: F401  (a fixture)

pytestmark = pytest.mark.django_db

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}
FRAMED_BY_NOBODY = {"X-Frame-Options": "DENY"}


def addresses() -> list[str]:
    """Every URL that needs no argument, the admin's among them, and some that lead nowhere."""

    def walk(found, namespace=""):
        for pattern in found:
            if isinstance(pattern, URLPattern):
                if pattern.name and pattern.callback is not serve:
                    yield namespace + pattern.name
            else:
                yield from walk(pattern.url_patterns, namespace + (f"{pattern.namespace}:" if pattern.namespace else ""))

    urls = set()
    for name in walk(get_resolver().url_patterns):
        try:
            urls.add(reverse(name))
        except NoReverseMatch:
            continue
    return sorted(urls) + ["/no/such/page", "/api/no/such/noun/", "/admin/no/such/", "/accounts/no/such/"]


def directives(response) -> dict[str, list[str]]:
    return {words[0]: words[1:] for part in response["Content-Security-Policy"].split(";") if (words := part.split())}


def problems(response, url: str) -> list[str]:
    told = response.get("Referrer-Policy")  # an address that is a secret is told to nobody
    found = [] if told in {"same-origin", "no-referrer"} else [f"Referrer-Policy is {told!r}"]
    found += [f"{name} is {response.get(name)!r}" for name, value in (ALWAYS | FRAMED_BY_NOBODY).items() if response.get(name) != value]
    policy = directives(response)
    scripts, styles = policy.get("script-src", []), policy.get("style-src", [])
    in_admin = url.startswith("/admin/")
    found += [f"scripts may come from {word}" for word in scripts if word not in {"'self'", "'unsafe-eval'"} and not word.startswith("'nonce-")]
    found += ["scripts may be evaluated"] if "'unsafe-eval'" in scripts and not in_admin else []
    found += ["styles are not limited to our own"] if styles != ["'self'"] and not in_admin else []
    wanted = {"object-src": "'none'", "base-uri": "'none'", "frame-ancestors": "'none'", "form-action": "'self'", "default-src": "'self'"}
    found += [f"{name} is {policy.get(name)}" for name, value in wanted.items() if policy.get(name) != [value]]
    found += ["no Permissions-Policy"] if "camera=()" not in response.get("Permissions-Policy", "") else []
    kept = response.get("Cache-Control", "")
    found += [f"a cache may keep it: {kept!r}"] if not {"no-store", "private"} <= set(re.split(r",\s*", kept)) and "public" not in kept else []
    found += ["no request id"] if not re.fullmatch(r"[0-9a-f]{12}", response.get("X-Request-Id", "")) else []
    return [f"{url} ({response.status_code}): {line}" for line in found]


@pytest.mark.parametrize("signed_in", [True, False], ids=["administrator", "signed out"])
def test_every_answer_carries_its_headers(signed_in, admin_user):
    client = Client(raise_request_exception=False)
    if signed_in:
        client.force_login(admin_user)

    found = [line for url in addresses() for line in problems(client.get(url), url)]

    assert found == []


@pytest.mark.slow
@pytest.mark.parametrize("column", ["admin", "viewer", "anon", "write_token"])
def test_every_url_of_the_authorisation_table_carries_them_too(column, world):  # noqa: F811
    """Those with arguments, and every method: a refusal is an answer as well."""
    found, asked = [], 0
    for row in ROWS:
        url = reverse(row.url, kwargs=row.kwargs(world))
        with transaction.atomic():
            response = copy(world.clients[column]).generic(row.method, url)
            transaction.set_rollback(True)
        asked += 1
        found += problems(response, url)

    assert asked >= len(ROWS) > 100
    assert found == []


def test_pages_of_a_person_are_kept_by_no_cache(client, ana):
    client.force_login(ana)

    response = client.get("/")

    assert set(response["Cache-Control"].split(", ")) == {"private", "no-store"}


def test_only_the_admin_may_evaluate_and_nobody_may_write_scripts_into_a_page(client, admin_user):
    client.force_login(admin_user)

    admin, page = directives(client.get("/admin/")), directives(client.get("/"))

    assert "'unsafe-eval'" in admin["script-src"]
    assert "'unsafe-inline'" in admin["style-src"]
    assert "'unsafe-inline'" not in admin["script-src"]
    assert page["style-src"] == ["'self'"]


def test_a_static_file_is_never_guessed_at_by_the_browser(settings):
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = True

    response = Client().get("/static/app.css")

    assert (response.status_code, response["Content-Type"], response["X-Content-Type-Options"]) == (200, 'text/css; charset="utf-8"', "nosniff")
