"""What an incident looks like, and why: symptoms against alerts, results and changes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from incidents import patterns
from incidents.models import Incident, Milestone
from incidents.patterns import PATTERNS, Symptoms
from oncall.models import Service, Team
from runbooks import changes
from runbooks.diagnostics import registry
from runbooks.models import Change, DiagnosticRun

NOW = timezone.now()


def run(slug, severity="bad", finding="sick", **result):
    return DiagnosticRun(diagnostic=slug, state="done", severity=severity, finding=finding, result=result, finished_at=NOW, queued_at=NOW)


def known(alerts=(), runs=(), changed=(), errors=None):
    return Symptoms(list(alerts), {one.diagnostic: one for one in runs}, list(changed), errors or {})


def named(symptoms):
    return {like.pattern.name: like.because for pattern in PATTERNS if (like := patterns.judge(pattern, symptoms)).points >= patterns.ENOUGH}


RELEASE = Change(kind="deployment", title="agent-api", version="1.5.2", at=NOW - timedelta(minutes=9))


@pytest.mark.parametrize(
    ("symptoms", "name"),
    [
        (known(["AgentHighErrorRate"], changed=[RELEASE], errors={"AttributeError": 92.0}), "Deployment gone wrong"),
        (known(["AgentHighErrorRate"], changed=[RELEASE]), "Deployment gone wrong"),
        (known(["AgentRateLimited"], [run("rate-limits", "warn")]), "API rate limits"),
        (known(["AgentHighErrorRate"], [run("rate-limits")], errors={"RateLimitError": 31.0}), "API rate limits"),
        (known(["DatabaseConnectionsNearLimit"], [run("db-connections")]), "Database connections exhausted"),
        (known([], [run("db-connections", finding="full")], errors={"OperationalError": 40.0}), "Database connections exhausted"),
        (known(["RedisDown"], [run("redis-health")]), "Redis down"),
        (known(["AgentCompleteOutage"], [run("redis-health", finding="refused the connection")], errors={"ConnectionError": 70.0}), "Redis down"),
    ],
)
def test_the_four_patterns_are_named_by_their_symptoms(symptoms, name):
    found = named(symptoms)

    assert list(found) == [name]
    assert found[name]


@pytest.mark.parametrize(
    "symptoms",
    [
        known(),
        known(["AgentHighErrorRate"]),
        known(changed=[RELEASE]),
        known(["AgentHighErrorRate"], errors={"AttributeError": 92.0}),
        known(["RedisDown"]),
        known(["SomethingElse"], [run("redis-health", "ok")]),
        known(["RedisDown"], [run("redis-health", "ok")]),
        known(errors={"RateLimitError": 3.0}),
    ],
)
def test_one_symptom_alone_is_no_pattern(symptoms):
    assert named(symptoms) == {}


def test_patterns_name_diagnostics_and_runbooks_that_exist():
    from runbooks.starting import STARTER

    for pattern in PATTERNS:
        assert all(slug in registry.diagnostics for slug in pattern.confirm)
        assert (STARTER / f"{pattern.runbook}.md").exists()


@pytest.mark.django_db
def test_a_change_of_another_service_is_no_symptom(ana):
    team = Team.objects.create(name="Core", slug="core")
    ours, theirs = (Service.objects.create(name=name, slug=name, team=team) for name in ("agent-api", "billing"))
    for service in (ours, theirs):
        changes.record(title="Release", key=service.slug, at=NOW - timedelta(minutes=5), service=service.slug, by=None, now=NOW)
    incident = Incident.objects.create(title="Errors", severity=2, service=ours, opened_at=NOW)
    Milestone.objects.create(incident=incident, name="impact_started", at=NOW, recorded_at=NOW)

    found = patterns.symptoms(incident, began=NOW)

    assert [change.key for change in found.changes] == ["agent-api"]
    assert patterns.symptoms(incident, began=NOW - timedelta(minutes=6)).changes == []


@pytest.mark.django_db
def test_the_api_names_the_pattern_its_reasons_and_the_runbook(client, ana):
    incident = Incident.objects.create(title="Errors", severity=2, opened_at=NOW)
    for slug in ("db-connections", "db-locks"):
        fields = {"severity": "bad", "finding": "97 of 100 connections", "queued_at": NOW, "finished_at": NOW}
        DiagnosticRun.objects.create(diagnostic=slug, about=incident.subject, state="done", **fields)
    client.force_login(ana)

    [found] = client.get(f"/api/incidents/{incident.pk}/patterns/").json()

    assert (found["name"], found["runbook"], found["points"]) == ("Database connections exhausted", "database-issues", 6)
    assert found["because"][0] == "db-connections: 97 of 100 connections"
    assert "db-queries" in found["confirm"]
