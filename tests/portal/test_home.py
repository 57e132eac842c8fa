"""The first page: what needs me."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal import clock
from portal.home import needs, panels, views
from portal.home.needs import Need
from portal.shelves import Shelf
from portal.web import counts
from portal.web.counts import Count
from portal.web.panels import Panel

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _empty_shelves(monkeypatch):
    monkeypatch.setattr(needs, "needs", Shelf("needs"))
    empty = Shelf("panels")
    monkeypatch.setattr(panels, "panels", empty)
    monkeypatch.setattr(views, "panels", empty)
    monkeypatch.setattr(counts, "counts", Shelf("counts"))


@pytest.fixture
def page(client, ana):
    client.force_login(ana)
    return lambda: client.get("/").content.decode()


def test_when_nothing_happens_it_says_all_is_quiet(page):
    panels.panels.put("open-incidents", Panel("_refusal.html", lambda user, now: None))

    assert "No incident is open and nothing waits for you." in page()


def test_it_says_nothing_about_incidents_while_nobody_watches_them(page):
    html = page()

    assert "All quiet" in html
    assert "No incident is open" not in html


def test_what_waits_for_me_stands_most_overdue_first(page, ana):
    now = clock.now()
    asked = []
    needs.needs.put("one", lambda user, at: asked.append(user) or [Need("Read this some day", "No hurry", None, "/a/")])
    needs.needs.put(
        "two",
        lambda user, at: [Need("Tick the checklist", "Shift", now + timedelta(hours=1), "/b/"), Need("Late", "Item", now - timedelta(days=9), "/c/")],
    )

    html = page()

    assert asked == [ana]
    assert html.index("Late") < html.index("Tick the checklist") < html.index("Read this some day")
    assert "All quiet" not in html
    assert html.count("9 days overdue") == 1


def test_packages_fill_panels_that_the_page_does_not_know(page):
    panels.panels.put("later", Panel("_refusal.html", lambda user, now: {"refusal": "second"}, order=60))
    panels.panels.put("first", Panel("_refusal.html", lambda user, now: {"refusal": f"first for {user}"}, order=10))
    panels.panels.put("beside", Panel("_refusal.html", lambda user, now: {"refusal": "beside"}, column="side"))
    panels.panels.put("silent", Panel("_refusal.html", lambda user, now: None))

    html = page()

    assert html.index("first for Ana") < html.index("Waiting for you") < html.index("second") < html.index("beside")


def test_the_navigation_counts_what_is_open_and_reads_it_aloud(page):
    counts.counts.put("home", lambda user, now: {"home": Count(120, "open", hot=True), "admin": Count(0, "none")})

    html = page()

    assert '<span class="count hot">99+<span class="sr"> open</span></span>' in html
    assert html.count('class="count') == 2  # in the rail and in the phone's bar; a nought is not shown


def test_the_entry_of_this_page_is_lit(page):
    html = page()

    assert html.count('aria-current="page"') == 2
    assert 'data-go="h" aria-current="page"' in html


def test_a_viewer_sees_no_way_into_the_admin(client, ana):
    ana.role = "viewer"
    ana.save()
    client.force_login(ana)

    assert "/admin/" not in client.get("/").content.decode()
