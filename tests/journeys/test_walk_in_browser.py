"""The walk of one responder in a real browser, against the running portal: from the sign-in page to the shift checklist."""

from __future__ import annotations

import re

import pytest
import redis

from tests.journeys.test_walk import crafted

pytestmark = [pytest.mark.servers, pytest.mark.browser]
WAIT = 30_000  # milliseconds


@pytest.fixture
def screen(browser, portal):
    context = browser.new_context(base_url=portal.url, locale="en-GB", reduced_motion="reduce", viewport={"width": 1440, "height": 900})
    context.set_default_timeout(WAIT)
    page = context.new_page()
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(f"script: {error}"))
    page.on("console", lambda message: page.complaints.append(f"console: {message.text}") if message.type == "error" else None)
    yield page
    context.close()


def write(screen, name: str, text: str) -> None:
    """Type into a long text, whether it is a plain field or the writing desk's."""
    field = screen.locator(f'textarea[name="{name}"]')
    field.wait_for(state="attached")
    if field.is_visible():
        field.fill(text)
        return
    screen.locator(f'textarea[name="{name}"] ~ .EasyMDEContainer .CodeMirror').click()
    screen.keyboard.type(text)


def test_a_responder_goes_the_whole_way_in_a_browser(portal, jobs, screen):
    token = portal.manage("create_source", "main", "--default-service", "agent-api").split()[-1]
    portal.hook(token, crafted("AgentCompleteOutage", service="agent-worker"))
    with redis.Redis(port=jobs.port) as client:
        client.zadd("jobs:running", {"abc-123": client.time()[0] - 450})

    # Signed in at the page; the open incident waits on the home page.
    screen.goto("/")
    screen.get_by_label("Email").fill(portal.email)
    screen.get_by_label("Password", exact=True).fill(portal.password)
    screen.get_by_role("button", name="Sign in", exact=True).click()
    screen.get_by_role("link", name=re.compile("AgentCompleteOutage")).first.click()

    # Acknowledged; a note; the diagnostic's result appears by itself; the runbook is one click away.
    screen.get_by_role("button", name=re.compile("^Acknowledge")).locator("visible=true").click()
    screen.get_by_label("Add a note to the timeline").fill("Workers wait for Redis.")
    screen.get_by_role("button", name="Add note").click()
    screen.locator("#tl").get_by_text("Workers wait for Redis.").wait_for()
    incident = screen.url
    screen.get_by_role("button", name=re.compile("Stale jobs")).click()
    screen.locator("#tl").get_by_text("1 stale job of").first.wait_for()
    screen.get_by_role("link", name="High error rate").locator("visible=true").first.click()
    screen.get_by_role("heading", name="Mitigation").wait_for()
    screen.get_by_role("link", name="Back to incident").click()

    # Resolved; the postmortem is written in the admin, and read.
    screen.get_by_role("link", name="More actions").click()
    screen.get_by_role("link", name="Resolve", exact=True).click()
    screen.get_by_role("button", name="Resolve", exact=True).locator("visible=true").click()
    screen.get_by_role("button", name="Write postmortem").click()
    write(screen, "sections-0-body", "Every run failed for an hour.")
    screen.get_by_role("button", name=re.compile("^Save$")).locator("visible=true").first.click()
    screen.get_by_text("was changed successfully").wait_for()
    screen.goto(incident)
    screen.get_by_role("link", name=re.compile("^PM-")).click()
    screen.get_by_text("Every run failed for an hour.").wait_for()

    # The checklist of the shift is ticked.
    portal.shell("from oncall.tasks import open_shift_checklists; open_shift_checklists.apply()")
    screen.goto("/oncall/")
    screen.get_by_role("button", name=re.compile("^Tick")).first.click()
    screen.get_by_role("button", name=re.compile("^Open again")).wait_for()
    assert screen.complaints == []
