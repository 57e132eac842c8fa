"""Which runbook answers an alert."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from runbooks import matching


def reasons(labels, annotations=None):
    return [(match.runbook.title, match.certain) for match in matching.for_alert(labels, annotations)]


def test_the_alerts_name_counts_most_then_its_link_then_its_service(write, service):
    write("By service", services=[service])
    write("By link", slug="by-link")
    write("By name", alerts=["AgentDown"], services=[service])

    found = reasons({"alertname": "AgentDown", "service": "agent-api"}, {"runbook_url": "https://portal.example.org/runbooks/by-link/"})

    assert found == [("By name", True), ("By link", True), ("By service", False)]


@pytest.mark.parametrize("url", ["https://x.example/r/Répétée%20x", "https://x.example/r/Répétée x/", "/r/Répétée x?incident=3"])
def test_a_short_link_names_an_alert_in_any_language(write, url):
    write("By link", alerts=["Répétée x"])

    assert reasons({"alertname": "Other"}, {"runbook_url": url}) == [("By link", True)]


@pytest.mark.parametrize("url", ["", "http://[", "https://wiki.example/elsewhere", "https://x.example/runbooks/unknown", "/r/\x00"])
def test_a_link_that_leads_nowhere_matches_nothing(write, url):
    write(slug="known")

    assert reasons({"alertname": "Nothing\x00like\ud800this"}, {"runbook_url": url}) == []


def test_an_alert_without_labels_matches_nothing(write):
    write(alerts=["AgentDown"])

    assert reasons({}) == []


def test_many_names_are_asked_at_once(write):
    up = write("Up", alerts=["A", "B"])

    with CaptureQueriesContext(connection) as queries:
        found = matching.for_alertnames(["A", "B", "C"])

    assert (found, len(queries)) == ({"A": up, "B": up}, 1)


def test_more_runbooks_cost_no_more_questions(write, service):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            matching.for_alert({"alertname": "A", "service": "agent-api"}, {"runbook_url": "/runbooks/one"})
        return len(queries)

    write("One", alerts=["A"], services=[service])
    before = cost()
    for number in range(10):
        write(f"More {number}", services=[service])

    assert cost() == before <= 7
