"""The seven shipped runbooks: laid out once, never over an edit, and every shipped alert finds one."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from django.urls import reverse

from oncall import starting as oncall_starting
from runbooks import matching, starting
from runbooks.diagnostics.registry import diagnostics
from runbooks.models import Runbook
from tests.conftest import REPOSITORY_ROOT

pytestmark = pytest.mark.django_db

HEADINGS = ["Symptoms", "Impact", "Diagnosis", "Mitigation", "Verification", "Escalation", "Background"]
IMITATED = {"HA", "RetryCase", "T", "Watchdog"}  # names of the laboratory in which requests were captured, and the heartbeat


@pytest.fixture
def seeded(noon):
    oncall_starting.lay_out(noon)
    starting.lay_out(noon)


def test_seven_are_laid_out_once_and_an_edited_one_stays(seeded, noon):
    Runbook.objects.filter(slug="rate-limits").update(body="# Ours\n\nEdited.")

    assert starting.lay_out(noon) == ""

    assert Runbook.objects.count() == 7
    assert Runbook.objects.get(slug="rate-limits").body == "# Ours\n\nEdited."


@pytest.mark.parametrize("slug", starting.SHIPPED)
def test_each_has_every_section_and_is_formatted(seeded, slug):
    runbook = Runbook.objects.get(slug=slug)
    titles = [section.title for section in runbook.sections.all()]

    assert [title for title in titles if title in HEADINGS] == HEADINGS
    assert "md-plain" not in runbook.body_html
    assert "<ol>" in runbook.body_html
    assert runbook.history.count() == 1


@pytest.mark.parametrize("slug", starting.SHIPPED)
def test_its_links_and_diagnostics_lead_somewhere(slug):
    _, _, body = starting.read(slug)

    assert set(re.findall(r"\(/runbooks/([\w-]+)/\)", body)) <= set(starting.SHIPPED)
    assert set(re.findall(r"```diagnostic\n\s*(\S+)", body)) <= {name for name, _ in diagnostics}


def test_every_shipped_rule_has_its_runbook(seeded):
    groups = yaml.safe_load((REPOSITORY_ROOT / "deploy/prometheus/agent.rules.yml").read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]

    assert len(rules) == 9
    for rule in rules:
        assert rule["annotations"]["runbook_url"].endswith(f"/r/{rule['alert']}")
        assert rule["alert"] in IMITATED or matching.for_alertname(rule["alert"]) is not None


def test_every_captured_alert_has_its_runbook(seeded):
    bodies = (json.loads(path.read_text())["body_raw"] for path in (REPOSITORY_ROOT / "tests/payloads/alertmanager").glob("*.json"))
    names = {name for body in bodies for name in re.findall(r'"alertname":\s*"(\w+)"', body)} - IMITATED

    assert names == set(matching.for_alertnames(names))


def test_the_short_link_of_an_alert_opens_its_runbook_for_the_incident(client, seeded, ana):
    client.force_login(ana)

    response = client.get(reverse("runbook-short", args=["AgentCompleteOutage"]), {"incident": "7"})

    assert response["Location"] == "/runbooks/high-error-rate/?incident=7"
