"""Second factors in a real browser: a passkey on a virtual authenticator, an app's code, and the page between password and portal."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.core.cache import cache

from tests.browser.looks import examine
from tests.portal.signing_in import PASSWORD, code_of

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _no_tries_yet():
    cache.clear()


def with_a_key(page):
    """Chromium's own virtual authenticator: it holds passkeys and always says yes."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options | {"automaticPresenceSimulation": True}})


def sign_in(page, person):
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def at_home(url: str) -> bool:
    return urlsplit(url).path == "/"


def prove(page):
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def test_a_passkey_is_added_and_then_signs_in_alone(open_page, ana):
    page = open_page()
    with_a_key(page)
    sign_in(page, ana)
    page.goto("/profile/")

    page.get_by_role("link", name="Add a passkey").click()
    prove(page)
    page.get_by_label("What you call it").fill("Work laptop")
    page.get_by_role("button", name="Add this passkey").click()
    page.wait_for_url("**/accounts/second-factor/codes/")
    assert page.get_by_text("10 of 10 are left").is_visible()
    page.goto("/accounts/second-factor/passkeys/reauthenticate/")
    assert examine(page, "reauthenticate-passkey", sizes="1440") == []
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(at_home)
    page.goto("/profile/")
    assert page.get_by_text("Work laptop").first.is_visible()

    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Sign out", exact=True).last.click()
    page.wait_for_url("**/accounts/login/**")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(at_home)

    assert page.get_by_role("heading", level=1).inner_text() == "What needs you now"
    assert page.complaints == []


def test_without_a_key_the_page_says_so_and_the_password_still_works(open_page, ana):
    page = open_page()
    page.goto("/accounts/login/")
    page.evaluate("() => { navigator.credentials.get = () => Promise.reject(Object.assign(new Error('no'), { name: 'NotAllowedError' })) }")

    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_text("That was cancelled, or took too long").wait_for()
    sign_in(page, ana)
    page.wait_for_url(at_home)

    assert page.complaints == []


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_an_app_is_added_and_asked_for(open_page, ana, script):
    page = open_page(script=script)
    sign_in(page, ana)
    page.goto("/accounts/second-factor/app/add/")
    prove(page)
    page.get_by_text("The secret as text").click()
    secret = page.locator("p.mono").inner_text()
    page.get_by_label("Authenticator code").fill(code_of(secret))
    page.get_by_role("button", name="Add the app").click()
    page.wait_for_url("**/accounts/second-factor/codes/")

    page.goto("/accounts/logout/")
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, ana)
    page.wait_for_url("**/accounts/second-factor/authenticate/")
    if script:
        assert examine(page, "second-factor", sizes="1440") == []
    page.get_by_label("Code").fill(code_of(secret, steps=1))
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url(at_home)

    assert [line for line in page.complaints if "ERR_ABORTED" not in line] == []  # a font that came too late for the page before
