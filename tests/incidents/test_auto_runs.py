"""Results that wait for whoever comes: diagnostics run by rule when an alert opens an incident."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from incidents import auto_runs
from incidents.models import AutoRun, Incident
from portal import due, journal
from runbooks.models import DiagnosticRun, Target
from tests.incidents.alerting import alert, crafted

pytestmark = pytest.mark.django_db


@pytest.fixture
def jobs(db):
    return Target.objects.create(slug="jobs", kind="redis", host="127.0.0.1", port=1)


def opened(sender, at, name="AgentQueueBacklog", **labels) -> Incident:
    sender.deliver(crafted(alert(name, at=at, **labels)), at)
    [row] = [row for row in due.claim("work", at) if row.kind == auto_runs.RUN]
    due.work(row)
    return Incident.objects.latest("pk")


def asked(incident):
    return list(DiagnosticRun.objects.filter(about=incident.subject).order_by("pk").values_list("diagnostic", "origin", "state"))


def test_rules_that_fit_ask_for_their_diagnostics(sender, noon, jobs):
    AutoRun.objects.create(alertname="Agent*", diagnostic="stale-jobs", parameters={"age": 60})
    AutoRun.objects.create(alertname="RedisDown", diagnostic="redis-health")

    incident = opened(sender, noon)

    assert asked(incident) == [("stale-jobs", "alert", "queued")]
    assert any(entry.text == "Diagnostics run by rule: stale-jobs" for entry in journal.entries(incident.subject))


def test_what_changes_something_is_never_run_by_itself(sender, noon, jobs):
    AutoRun.objects.create(alertname="", diagnostic="kill-stale")

    assert asked(opened(sender, noon)) == []


def test_what_nothing_is_set_up_for_is_left_out_in_silence(sender, noon, jobs):
    AutoRun.objects.create(alertname="", diagnostic="db-connections")

    incident = opened(sender, noon)

    assert asked(incident) == []
    assert not any("rule" in entry.text for entry in journal.entries(incident.subject))


def test_a_rule_that_cannot_choose_says_so_and_the_others_go_on(sender, noon, jobs):
    Target.objects.create(slug="other", kind="redis", host="127.0.0.1", port=2)
    AutoRun.objects.create(alertname="", diagnostic="stale-jobs")
    AutoRun.objects.create(alertname="", diagnostic="redis-health", target=jobs)

    incident = opened(sender, noon)

    assert [slug for slug, _, _ in asked(incident)] == ["redis-health"]
    assert any("choose one by name" in entry.text for entry in journal.entries(incident.subject))


def test_opening_does_not_wait_for_them(sender, noon, jobs):
    AutoRun.objects.create(alertname="", diagnostic="stale-jobs")

    sender.deliver(crafted(alert("AgentQueueBacklog", at=noon)), noon)

    assert Incident.objects.count() == 1
    assert not DiagnosticRun.objects.exists()


def test_the_same_rule_stands_once(jobs):
    AutoRun.objects.create(alertname="RedisDown", diagnostic="redis-health")

    with pytest.raises(IntegrityError), transaction.atomic():
        AutoRun.objects.create(alertname="RedisDown", diagnostic="redis-health")


def test_the_shipped_rules_name_diagnostics_that_read(noon):
    from runbooks.diagnostics import registry

    assert auto_runs.lay_out(noon) == "27 rules for diagnostics"
    assert auto_runs.lay_out(noon) == ""
    assert all(registry.find(rule.diagnostic).kind == "reads" for rule in AutoRun.objects.all())
