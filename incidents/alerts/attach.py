"""From episode to incident: what is needed, who takes it, and what that changes there (alerts.md section 4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Max, Q

from incidents import auto_runs, lifecycle, searching, timeline
from incidents.alerts import correlation, doubts, pages, telling
from incidents.alerts.cases import Case
from incidents.alerts.correlation import Opening
from incidents.models import AlertRule, Delivery, Episode, Incident

NAMED_AT_MOST = 5  # alerts in one sentence of the timeline


@dataclass(frozen=True, slots=True)
class Needs:
    """What has to be in hand before alerts are locked.

    owners: for each episode that begins or returns, its key and the incident it already belongs to. ids: incidents whose alerts ended.
    """

    owners: frozenset[tuple[str, int | None]] = frozenset()
    ids: frozenset[int] = frozenset()
    openings: dict[str, Opening] = field(default_factory=dict, compare=False)


@dataclass(slots=True)
class Hands:
    """Incidents that this transaction holds. takers: by correlation key. opened: new or reopened, not yet paged; raised: in severity."""

    held: dict[int, Incident] = field(default_factory=dict)
    takers: dict[str, Incident] = field(default_factory=dict)
    opened: list[Incident] = field(default_factory=list)
    raised: list[Incident] = field(default_factory=list)


def needs_of(cases: Iterable[Case]) -> Needs:
    """Heartbeats open no incident; what was never seen firing opens none either."""
    owners, ids = set(), set()
    beginning: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        if not case.wants_incident:
            continue
        ids |= {row.incident_id for row in (*case.changed, *case.stale) if row.incident_id}
        for row in case.begins:
            owners.add((case.alert.correlation_key, row.incident_id))
            beginning[case.alert.correlation_key].append(case)
    return Needs(frozenset(owners), frozenset(ids), {key: _opening(key, found) for key, found in beginning.items()})


def _opening(key: str, cases: Sequence[Case]) -> Opening:
    """The words of the first alert in the body, the worst severity of all."""
    first = min(cases, key=lambda case: case.newest.position)
    worst = min(cases, key=lambda case: case.verdict.severity or 0)
    return Opening(
        key=key,
        title=first.title,
        summary=first.newest.annotations.get("description", ""),
        severity=worst.verdict.severity or 0,
        unmapped=worst.verdict.unmapped,
        service=first.service,
        detected_at=min(row.started_at for case in cases for row in case.begins),
        source=first.alert.source.name,
        may_open=any(case.decision.action == AlertRule.Action.OPEN for case in cases),
        reopens_within=max(case.decision.reopens_within for case in cases),
    )


def take(needs: Needs, *, at: datetime) -> Hands:
    """Lock by id what is there, then open what is missing in the order of the keys. Raises: IntegrityError, somebody was faster."""
    hands = Hands(correlation.lock((key for key, _ in needs.owners), (*needs.ids, *(owner for _, owner in needs.owners if owner))))
    for key in sorted({key for key, owner in needs.owners if not _still_open(hands, owner)}):
        incident, is_new = correlation.taker(needs.openings[key], hands.held, at=at)
        if incident is None:
            continue
        hands.takers[key] = hands.held[incident.pk] = incident
        if is_new:
            hands.opened.append(incident)
    return hands


def assign(hands: Hands, cases: Iterable[Case]) -> None:
    """Give each episode that begins its incident. One that returns stays where it is while that incident is open."""
    for case in cases:
        for row in case.begins if case.wants_incident else ():
            if not _still_open(hands, row.incident_id):
                row.incident = hands.takers.get(case.alert.correlation_key)


def tell(hands: Hands, delivery: Delivery, cases: Sequence[Case], *, external_url: str, at: datetime) -> None:
    """Timeline, severity, quiet and pages of every incident in hand, once its episodes are written.

    10 queries, and some for each incident that changes.
    """
    begun, ended = _by_incident(cases)
    counted = _counts(hands.held)
    firing = [(incident, f"Firing: {_names(begun[pk])}", _data(begun[pk])) for pk, incident in sorted(hands.held.items()) if begun[pk]]
    timeline.append_many(firing, kind="alert", at=at)
    over = [(incident, f"Stopped firing: {_names(ended[pk])}", _data(ended[pk])) for pk, incident in sorted(hands.held.items()) if ended[pk]]
    timeline.append_many(over, kind="alert_ended", at=at)
    for pk, incident in sorted(hands.held.items()):
        if begun[pk]:
            worst = min(begun[pk], key=lambda case: case.verdict.severity or 0)
            may_rise = worst.verdict.severity and not incident.is_over
            if may_rise and lifecycle.raise_severity(incident, worst.verdict.severity or 0, at=at, why=worst.title, page=False):
                hands.raised += [incident] if incident not in hands.opened else []
        still, last_end = counted.get(pk, (0, None))
        if not incident.is_over:
            lifecycle.set_quiet(incident, None if still else doubts.believed(delivery.source, last_end), at=at)
        if not still and incident in hands.opened:
            hands.opened.remove(incident)
    searching.index_many([incident for incident, _, _ in firing])
    telling.tell_roles((each for each in hands.held.values() if each not in hands.opened and each not in hands.raised), begun, at)
    pages.begin(hands.opened, hands.raised, begun, delivery, external_url=external_url, at=at)
    auto_runs.wanted(hands.opened, at)


def _still_open(hands: Hands, incident_id: int | None) -> bool:
    incident = hands.held.get(incident_id) if incident_id else None
    return incident is not None and not incident.is_over


def _by_incident(cases: Iterable[Case]) -> tuple[dict[int, list[Case]], dict[int, list[Case]]]:
    """Cases that begin or return, and cases that ended, by incident."""
    begun: dict[int, list[Case]] = defaultdict(list)
    ended: dict[int, list[Case]] = defaultdict(list)
    for case in cases:
        for pk in {row.incident_id for row in case.begins if row.incident_id}:
            begun[pk].append(case)
        for pk in {row.incident_id for row in case.changed if row.incident_id and row.ended_at and row not in case.begins}:
            ended[pk].append(case)
    return begun, ended


def _counts(held: Iterable[int]) -> dict[int, tuple[int, datetime | None]]:
    """Open episodes of each incident, and when the last ending was received. 1 query, none for nothing."""
    wanted = list(held)
    if not wanted:
        return {}
    rows = Episode.objects.filter(incident__in=wanted).values("incident").order_by("incident")
    counted = rows.annotate(firing=Count("pk", filter=Q(ended_at=None)), last_end=Max("ending_received_at"))
    return {row["incident"]: (row["firing"], row["last_end"]) for row in counted}


def _names(cases: Sequence[Case]) -> str:
    shown = "; ".join(case.title for case in cases[:NAMED_AT_MOST])
    return shown if len(cases) <= NAMED_AT_MOST else f"{shown}; and {len(cases) - NAMED_AT_MOST} more"


def _data(cases: Sequence[Case]) -> dict[str, list[int]]:
    return {"alerts": [case.alert.pk for case in cases]}
