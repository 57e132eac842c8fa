"""A team with an editor, a service and a runbook."""

from __future__ import annotations

import pytest

from oncall.models import Membership, Service, Team
from runbooks import editing
from runbooks.models import Runbook


@pytest.fixture
def team(ana):
    """Ana edits for it, Ben does not."""
    team = Team.objects.create(name="Crew", slug="crew", is_default=True)
    Membership.objects.create(team=team, user=ana, role="editor")
    return team


@pytest.fixture
def service(team):
    return Service.objects.create(name="agent-api", slug="agent-api", team=team)


@pytest.fixture
def write(team, noon):
    """`write("Title", body, alerts=[…])`: a saved runbook."""

    def saved(title="High error rate", body="## Symptoms\n\nRequests fail.", *, alerts=(), services=(), **fields):
        runbook = Runbook(title=title, body=body, team=team, **fields)
        return editing.save(runbook, by=None, at=noon, services=services, aliases=list(alerts))

    return saved
