"""A real Chromium against the real portal. Pages are signed in by a session cookie."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

DESKTOP = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
LEFT = "net::ERR_ABORTED"  # what still loaded when the page was left


@pytest.fixture
def open_page(browser, live_server):
    """open_page(user, phone=False, script=True) -> a page with an empty history, signed in as `user`; None: signed out.

    session: what else its session holds. Its `.complaints` fill up.
    """
    contexts = []

    def opened(user=None, *, phone=False, script=True, session=None):
        context = browser.new_context(
            base_url=live_server.url, locale="en-GB", reduced_motion="reduce", java_script_enabled=script, **(PHONE if phone else DESKTOP)
        )
        context.set_default_timeout(8000)  # milliseconds
        contexts.append(context)
        if user is not None:
            client = Client()
            client.force_login(user)
            if session:
                kept = client.session
                kept.update(session)
                kept.save()
            context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": client.cookies[settings.SESSION_COOKIE_NAME].value, "url": live_server.url}]
            )
        page = context.new_page()
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(f"script: {error}"))
        page.on("console", lambda message: page.complaints.append(f"console: {message.text}") if message.type == "error" else None)
        page.on("requestfailed", lambda request: request.failure == LEFT or page.complaints.append(f"request: {request.url} {request.failure}"))
        return page

    yield opened
    for context in contexts:
        context.close()
