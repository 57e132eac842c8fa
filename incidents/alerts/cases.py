"""One case for each alert of a batch: what is known of it, what is said now, what its episodes become."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import F

from incidents.alerts.alertmanager import Report
from incidents.alerts.correlation import Services, key_of
from incidents.alerts.episodes import NEW_EPISODE, Made, Seen, Span, fold, is_only_seen_again, step
from incidents.alerts.rules import Book, Decision
from incidents.alerts.severity import Table, Verdict
from incidents.models import Alert, AlertRule, Delivery, Episode, Observation
from oncall.models import Service

SPAN_FIELDS = tuple(Span.__dataclass_fields__)


@dataclass(slots=True, eq=False)
class Case:
    """`alert` has no key yet if it is new. `rows`: its last episode, or all of them if the story has to be read again."""

    alert: Alert
    reports: list[Report]
    verdict: Verdict
    service: Service | None
    decision: Decision = Decision()
    made: dict[int, Made] = field(default_factory=dict)  # by position in the delivery
    rows: list[Episode] = field(default_factory=list)  # by number
    stale: list[Episode] = field(default_factory=list)  # rows that the story, read again, does not know
    seen: list[Episode] = field(default_factory=list)  # rows of which only `last_seen_at` moved
    changed: list[Episode] = field(default_factory=list)  # other rows to write
    has_new_text: bool = False
    begins: list[Episode] = field(default_factory=list)  # seen firing for the first time, or again after an end
    undone: datetime | None = None  # when the end that a reopening of this delivery undid was received

    @property
    def newest(self) -> Report:
        return self.reports[-1]

    @property
    def is_heartbeat(self) -> bool:
        return self.verdict.severity is None

    @property
    def wants_incident(self) -> bool:
        """Heartbeats and what a rule only records open and join none."""
        return not self.is_heartbeat and self.decision.action != AlertRule.Action.RECORD

    @property
    def title(self) -> str:
        """Its own sentence: the annotation `summary`, else its name and service."""
        summary = " ".join(self.newest.annotations.get("summary", "").split())
        return (summary or f"{self.newest.name or 'Unnamed alert'}{f' on {self.service}' if self.service else ''}")[:300]


def open_cases(delivery: Delivery, reports: Sequence[Report], table: Table, book: Book, services: Services) -> list[Case]:
    """Cases by fingerprint, their alerts locked in that order, their episodes as they are after this delivery. 2 queries, 4 if late."""
    by_print: dict[str, list[Report]] = defaultdict(list)
    for report in reports:
        by_print[report.fingerprint].append(report)
    known = Alert.objects.filter(source_id=delivery.source_id, fingerprint__in=list(by_print)).order_by("fingerprint").select_for_update()
    alerts = {alert.fingerprint: alert for alert in known}
    cases = []
    for fingerprint in sorted(by_print):
        said = sorted(by_print[fingerprint], key=lambda report: seen_in(delivery, report).order)
        labels = said[-1].labels
        alert = alerts.get(fingerprint) or Alert(source_id=delivery.source_id, fingerprint=fingerprint, first_seen_at=delivery.received_at)
        cases.append(_case(alert, said, table.judge(labels), book.decide(labels), services.of(labels)))
    _read_last_episodes(cases)
    late = [case for case in cases if _is_late(case, delivery)]
    _read_stories(late, delivery)
    for case in cases:
        if case not in late:
            _go_on(case, delivery)
    for case in cases:
        _tell_the_alert(case, delivery.received_at)
    return cases


def _case(alert: Alert, said: list[Report], verdict: Verdict, decision: Decision, service: Service | None) -> Case:
    """A rule stands above the labels; a heartbeat stays one."""
    if decision.severity and verdict.severity is not None:
        verdict = Verdict(decision.severity)
    return Case(alert, said, verdict, decision.service or service, decision)


def seen_in(delivery: Delivery, report: Report) -> Seen:
    asked = delivery.kind == Delivery.Kind.RECONCILE
    return Seen(delivery.received_at, report.starts_at, report.is_firing, report.ends_at, asked)


def span_of(row: Episode) -> Span:
    return Span(**{name: getattr(row, name) for name in SPAN_FIELDS})


def _read_last_episodes(cases: Iterable[Case]) -> None:
    by_pk = {case.alert.pk: case for case in cases if case.alert.pk}
    if by_pk:
        for row in Episode.objects.filter(alert__in=list(by_pk), number=F("alert__episode_count")):
            by_pk[row.alert_id].rows = [row]


def _is_late(case: Case, delivery: Delivery) -> bool:
    """Was something that is worked off already received later, and does it matter?"""
    if case.alert.pk is None or delivery.received_at > case.alert.last_seen_at:
        return False
    last = span_of(case.rows[-1]) if case.rows else None
    return not all(is_only_seen_again(last, seen_in(delivery, report)) for report in case.reports)


def _go_on(case: Case, delivery: Delivery) -> None:
    """In order: a step for each report."""
    last = span_of(case.rows[-1]) if case.rows else None
    for report in case.reports:
        before = last
        made, last = step(last, seen_in(delivery, report))
        if made == Made.REOPENED and before:
            case.undone = before.ending_received_at
        case.made[report.position] = made
        if made in NEW_EPISODE:
            case.rows.append(Episode(alert=case.alert, number=(case.rows[-1].number if case.rows else 0) + 1))
            _write(case, case.rows[-1], last, begins=last.was_firing)
        elif made == Made.SEEN:
            case.rows[-1].last_seen_at = last.last_seen_at
            case.seen.append(case.rows[-1])
        elif made != Made.OLD_NEWS:
            _write(case, case.rows[-1], last, begins=made == Made.REOPENED)


def _read_stories(late: Sequence[Case], delivery: Delivery) -> None:
    """Out of order: the alert's observations are read again, with these in their place. 2 queries."""
    if not late:
        return
    by_pk = {case.alert.pk: case for case in late}
    seen: dict[int, list[Seen]] = defaultdict(list)
    told = Observation.objects.filter(alert__in=list(by_pk))
    for alert, received, starts, firing, ends, kind in told.values_list(
        "alert", "received_at", "starts_at", "is_firing", "ends_at", "delivery__kind"
    ):
        seen[alert].append(Seen(received, starts, firing, ends, kind == Delivery.Kind.RECONCILE))
    for case in late:
        case.rows = []
    for row in Episode.objects.filter(alert__in=list(by_pk)).order_by("number"):
        by_pk[row.alert_id].rows.append(row)
    for pk, case in by_pk.items():
        before, new = seen[pk], [seen_in(delivery, report) for report in case.reports]
        case.made = dict(zip((report.position for report in case.reports), _made_of(before, new), strict=True))
        _lay_over(case, fold([*before, *new]))


def _made_of(before: list[Seen], new: list[Seen]) -> list[Made]:
    """What each new observation made of the story up to its own place in it."""
    told = []
    for index, seen in enumerate(new):
        earlier = fold([other for other in [*before, *new[:index]] if other.order <= seen.order])
        told.append(step(earlier[-1] if earlier else None, seen)[0])
    return told


def _lay_over(case: Case, spans: list[Span]) -> None:
    """Give each span the row that it overlaps, so that incidents stay where they are; what is left over goes, what is missing comes."""
    free, rows = list(case.rows), []
    for number, span in enumerate(spans, 1):
        row = next((row for row in free if _overlap(row, span)), None)
        if row is not None:
            free.remove(row)
        else:
            row = Episode(alert=case.alert)
        begins = span.was_firing and (row.incident_id is None or (span.ended_at is None and row.ended_at is not None))
        if row.pk is None or row.number != number or span_of(row) != span:
            row.number = number
            _write(case, row, span, begins=begins)
        rows.append(row)
    case.rows, case.stale = rows, [row for row in free if row.pk]


def _overlap(row: Episode, span: Span) -> bool:
    if row.first_seen_at == span.first_seen_at or row.last_starts_at == span.last_starts_at:
        return True
    return (span.ended_at is None or row.started_at <= span.ended_at) and (row.ended_at is None or span.started_at <= row.ended_at)


def _write(case: Case, row: Episode, span: Span, *, begins: bool) -> None:
    for name, value in ((name, getattr(span, name)) for name in SPAN_FIELDS):
        setattr(row, name, value)
    if row not in case.changed:
        case.changed.append(row)
    if begins and row not in case.begins:
        case.begins.append(row)


def _tell_the_alert(case: Case, received_at: datetime) -> None:
    """The newest texts, whatever they say about episodes."""
    alert, newest, verdict = case.alert, case.newest, case.verdict
    alert.episode_count = case.rows[-1].number if case.rows else 0
    if alert.pk and received_at < alert.last_seen_at:
        case.has_new_text = True
        return
    alert.last_seen_at = received_at
    told = {
        "name": newest.name,
        "labels": newest.labels,
        "annotations": newest.annotations,
        "generator_url": newest.generator_url,
        "severity": verdict.severity,
        "unmapped_severity": verdict.unmapped,
        "service_id": case.service.pk if case.service else None,
        "correlation_key": key_of(newest.labels, case.service, case.decision.key_labels),
        "rule": case.decision.rule,
        "action": str(case.decision.action),
    }
    case.has_new_text = bool(case.changed) or any(getattr(alert, name) != value for name, value in told.items())
    for name, value in told.items():
        setattr(alert, name, value)
