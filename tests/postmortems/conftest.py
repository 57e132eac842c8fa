"""An incident that is over, and the team that learns from it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents.models import Incident, Milestone
from oncall.models import Membership, Service, Team
from portal import journal
from postmortems import writing
from postmortems.models import ActionItem


@pytest.fixture
def platform(ana, ben):
    """Ana edits, Ben leads."""
    team = Team.objects.create(name="Platform crew", slug="platform-crew")
    Membership.objects.create(team=team, user=ana, role="editor")
    Membership.objects.create(team=team, user=ben, role="lead")
    return team


@pytest.fixture
def resolved(platform, ana, noon):
    """A SEV1 of 52 minutes, resolved at noon."""
    service = Service.objects.create(name="runner", slug="runner", team=platform)
    incident = Incident.objects.create(
        title="All agent runs fail", severity=1, service=service, opened_at=noon - timedelta(minutes=51), status="resolved", resolved_at=noon
    )
    began = noon - timedelta(minutes=52)
    Milestone.objects.create(incident=incident, name="impact_started", at=began, recorded_at=noon)
    journal.append(incident.subject, kind="alert", at=began, by=None, text="Alert fired: <b>AgentDown</b>")
    journal.append(incident.subject, kind="ack", at=began + timedelta(minutes=2), by=ana, text="Acknowledged")
    return incident


@pytest.fixture
def postmortem(resolved, ana, noon):
    return writing.start(resolved.pk, by=ana, at=noon)


@pytest.fixture
def item(postmortem, ana, platform, noon):
    """Due on Tuesday 3 March 2026, owned by Ana."""
    return ActionItem.objects.create(
        postmortem=postmortem, title="Run old code against the new schema", owner=ana, team=platform, due_on=noon.date(), created_at=noon
    )
