"""Twenty incidents of one source or team in five minutes are one storm: told once, with its parts attached (alerts.md section 4).

The parts page nobody singly; the first SEV1 of each service still does. The storm itself is opened by a due row of its own, because
whoever works off a delivery holds other incidents already.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, F, Max, Min, Q

from incidents import lifecycle, paging, searching, timeline
from incidents.locks import store
from incidents.models import Incident
from incidents.models.incident import IncidentQuerySet
from oncall.models import Service
from portal import due
from portal.locking import locked
from portal.models import Due

GATHER = "incidents.storm"
LEASE = timedelta(seconds=30)
WITHIN, ENOUGH = timedelta(minutes=5), 20
CALM = timedelta(minutes=10)  # without a new incident: the storm is over, the next ones page as usual
NAMED = 5  # services in the title


@dataclass(frozen=True, slots=True)
class Scope:
    """What the storm is of: "source:main" or "team:3"."""

    kind: str
    name: str

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.name}"

    @property
    def digest(self) -> str:
        return hashlib.sha256(f"storm {self.key}".encode()).hexdigest()

    def incidents(self) -> IncidentQuerySet:
        wanted = Q(opened_from=self.name) if self.kind == "source" else Q(service__team=self.name)
        return Incident.objects.filter(wanted, is_storm=False, kind=Incident.Kind.INCIDENT).exclude(opened_from="")


def scopes_of(opened: Sequence[Incident], at: datetime) -> dict[int, Scope]:
    """By id, the storm that just opened incidents are part of; nothing on an ordinary day. 2-3 queries for each source and team."""
    raging: dict[Scope, bool] = {}
    found = {}
    for incident in opened:
        scopes = [Scope("source", incident.opened_from)]
        if incident.service:
            scopes.append(Scope("team", str(incident.service.team_id)))
        for scope in scopes:
            if scope not in raging:
                raging[scope] = _is_raging(scope, at)
            if raging[scope]:
                found[incident.pk] = scope
                break
    return found


def gather_soon(scope: Scope, at: datetime) -> None:
    """In the caller's transaction: open the storm, or attach what came since."""
    due.put(GATHER, scope.key, at=at, priority=0)


def gather(row: Due, now: datetime) -> None:
    """The handler of `incidents.storm`: one storm incident, its parts linked, what they would page told by it."""
    scope = Scope(*row.key.split(":", 1))
    with transaction.atomic():
        if not due.settle(row):
            return
        storm = _open_storm(scope)
        since = min(storm.opened_at, now) - WITHIN if storm else now - WITHIN
        loose = scope.incidents().filter(storm=None, opened_at__gt=since, opened_at__lte=now).open()
        parts = locked(loose.select_related("service__team").order_by("pk"))
        if not parts:
            return
        is_new = storm is None
        if storm is None:
            storm = _begin(scope, parts, now)
        _attach(storm, parts, now)
        _tell(storm, parts, now, is_new=is_new)


def _is_raging(scope: Scope, at: datetime) -> bool:
    recent = scope.incidents().filter(opened_at__gt=at - WITHIN, opened_at__lte=at)
    if recent.count() >= ENOUGH:
        return True
    storm = _open_storm(scope)
    if storm is None:
        return False
    last = storm.swept.aggregate(last=Max("opened_at"))["last"]
    return last is not None and at - last < CALM


def _open_storm(scope: Scope) -> Incident | None:
    return Incident.objects.open().filter(correlation_key=scope.digest, takes_alerts=True).first()


def _begin(scope: Scope, parts: list[Incident], now: datetime) -> Incident:
    Incident.objects.filter(correlation_key=scope.digest, takes_alerts=True).update(takes_alerts=False, version=F("version") + 1)
    storm = lifecycle.open_from_alert(
        title="Storm",
        summary="",
        severity=min(part.severity for part in parts),
        service=_common_service(parts),
        correlation_key=scope.digest,
        at=now,
        detected_at=min(part.opened_at for part in parts),
        page=False,
        index=False,
    )
    storm.is_storm = True
    return storm


def _attach(storm: Incident, parts: list[Incident], now: datetime) -> None:
    """Link them; their own escalation ends, except that of the first SEV1 of each service."""
    Incident.objects.filter(pk__in=[part.pk for part in parts]).update(storm=storm, version=F("version") + 1)
    first = Incident.objects.first_criticals(parts, now)
    told = [part for part in parts if part.pk not in first]
    due.cancel(paging.ESCALATE, [str(part.pk) for part in told])
    Incident.objects.filter(pk__in=[part.pk for part in told]).update(paging_begun_at=None)
    text = f"Part of {storm.reference}, a storm: paged and escalated there"
    timeline.append_many([(part, text, {}) for part in parts], kind="status", at=now)


def _tell(storm: Incident, parts: list[Incident], now: datetime, *, is_new: bool) -> None:
    """Its title counts, its summary lists by service; it is paged when it opens and when it grows worse."""
    worst = min(part.severity for part in parts)
    rises = not is_new and worst < storm.severity
    storm.severity = min(storm.severity, worst)
    counted = storm.swept.aggregate(count=Count("pk"), since=Min("opened_at"))
    by_service = Counter(dict(storm.swept.order_by().values_list("service__name").annotate(Count("pk"))))
    services = [name or "unassigned" for name, _ in by_service.most_common()]
    shown = ", ".join(services[:NAMED]) + (f" and {len(services) - NAMED} more" if len(services) > NAMED else "")
    storm.title = f"Storm: {counted['count']} incidents of {len(services)} service{'s'[: len(services) > 1]}: {shown}"[:300]
    storm.summary = "\n".join(f"- {name or 'unassigned'}: {count}" for name, count in by_service.most_common())
    store(storm)
    searching.index(storm)
    timeline.append(storm, kind="alert", at=now, by=None, text=f"{len(parts)} incidents joined: {_names(parts)}")
    if is_new or (rises and storm.waits):
        paging.begin(storm, now)


def _common_service(parts: Iterable[Incident]) -> Service | None:
    """The service of most of its parts: whose team is paged."""
    counted = Counter(part.service for part in parts if part.service)
    return counted.most_common(1)[0][0] if counted else None


def _names(parts: list[Incident]) -> str:
    shown = ", ".join(part.reference for part in parts[:NAMED])
    return shown if len(parts) <= NAMED else f"{shown} and {len(parts) - NAMED} more"
