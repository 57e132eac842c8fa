"""Diagnostics run by rule when an alert opens an incident. What changes something is never run by itself."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from django.db import transaction

from incidents import timeline
from incidents.models import AutoRun, Episode, Incident
from portal import due
from portal.errors import DomainError
from portal.models import Due
from runbooks.diagnostics import registry, runs
from runbooks.models import DiagnosticRun, Target

RUN = "incidents.auto_run"
LEASE = timedelta(seconds=30)
AT_MOST = 12  # diagnostics for one incident
KEY = 190  # characters of a due row's key, which names several incidents

# alert (see deploy/prometheus) → diagnostics that say something about it
SHIPPED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("AgentCompleteOutage", ("http-check", "recent-deploys", "redis-health", "db-connections", "errors")),
    ("AgentHighErrorRate", ("errors", "recent-deploys", "rate-limits", "redis-health", "db-connections")),
    ("AgentHighLatency", ("db-connections", "db-locks", "queue-depth", "redis-health", "recent-deploys")),
    ("AgentQueueBacklog", ("stale-jobs", "queue-depth", "errors", "recent-deploys")),
    ("AgentRateLimited", ("rate-limits", "errors")),
    ("DatabaseConnectionsNearLimit", ("db-connections", "db-locks", "db-queries", "errors")),
    ("RedisDown", ("redis-health", "errors")),
)


def wanted(opened: Sequence[Incident], at: datetime) -> None:
    """Ask for them, in the transaction that opens the incidents: opening waits for nothing. A few queries for each two dozen."""
    keys = textwrap.wrap(" ".join(str(incident.pk) for incident in opened), KEY)
    for key in keys:
        due.put(RUN, key.replace(" ", ","), at=at, priority=2)


def ask(row: Due, now: datetime) -> None:
    """The handler of `incidents.auto_run`: a queued run for each rule that fits."""
    with transaction.atomic():
        if not due.settle(row):
            return
        for incident in Incident.objects.select_related("service").filter(pk__in=row.key.split(",")).order_by("pk"):
            if not incident.is_over:
                _ask(incident, now)


def _ask(incident: Incident, now: datetime) -> None:
    names = set(Episode.objects.filter(incident=incident).values_list("alert__name", flat=True))
    asked, refused = [], []
    for rule in fitting(names, incident.service_id)[:AT_MOST]:
        if not _can_be_run(rule):
            continue
        try:
            with transaction.atomic():
                target = _target(rule, incident)
                runs.ask(
                    rule.diagnostic,
                    given=rule.parameters,
                    target=target.slug if target else "",
                    about=incident.subject,
                    by=None,
                    at=now,
                    origin=DiagnosticRun.Origin.ALERT,
                )
            asked.append(rule.diagnostic)
        except DomainError as refusal:
            refused.append(f"{rule.diagnostic}: {refusal}")
    if asked:
        timeline.append(incident, kind="note", at=now, by=None, text=f"Diagnostics run by rule: {', '.join(asked)}")
    for text in refused:
        timeline.append(incident, kind="note", at=now, by=None, text=f"Not run by rule, {text}"[:500])


def fitting(alertnames: Iterable[str], service_id: int | None) -> list[AutoRun]:
    """Active rules for any of these alerts, each diagnostic once for a target. 1 query."""
    found: dict[tuple[str, int | None], AutoRun] = {}
    for rule in AutoRun.objects.filter(is_active=True).select_related("target"):
        for_it = rule.service_id in {None, service_id}
        if for_it and (not rule.alertname or any(fnmatchcase(name, rule.alertname) for name in alertnames)):
            found.setdefault((rule.diagnostic, rule.target_id), rule)
    return list(found.values())


def _can_be_run(rule: AutoRun) -> bool:
    """It reads, and something is set up that it could look at; a house without a database need not be told at each incident."""
    diagnostic = registry.diagnostics.get(rule.diagnostic)
    if diagnostic is None or diagnostic.kind != "reads":
        return False
    return not diagnostic.needs or Target.objects.filter(kind__in=diagnostic.needs).exists()


def _target(rule: AutoRun, incident: Incident) -> Target | None:
    """The rule's, else the only one of the incident's service; None leaves the choice to the diagnostic. 0-1 query."""
    if rule.target or incident.service_id is None:
        return rule.target
    own = list(Target.objects.filter(kind__in=registry.find(rule.diagnostic).needs, service=incident.service_id)[:2])
    return own[0] if len(own) == 1 else None


def lay_out(at: datetime) -> str:
    """The seed chapter: the shipped rules, unless there are rules already."""
    if AutoRun.objects.exists():
        return ""
    made = AutoRun.objects.bulk_create(AutoRun(alertname=name, diagnostic=slug) for name, slugs in SHIPPED for slug in slugs)
    return f"{len(made)} rules for diagnostics"
