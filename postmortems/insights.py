"""Are we getting better: the metric pairs by severity, service and quarter, and action items opened, closed and late.

Drills, cancelled and merged incidents are left out; so are those that the reader may not see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, F, Func, IntegerField, Max, Q
from django.db.models.functions import TruncDate, TruncQuarter

from incidents.models import Incident, Milestone
from incidents.models.incident import Status
from portal.accounts.models import User
from postmortems import metric_pairs
from postmortems.metric_pairs import Figure
from postmortems.models import ActionItem, MetricPair
from postmortems.models.insight import PUBLISHED

PERIODS = {"30": "30 days", "90": "90 days", "365": "Year", "all": "All"}
NO_SERVICE = "no service"


class Seconds(Func):
    """A moment as whole seconds since 1970, so that a hundred thousand of them need no Python object each."""

    output_field = IntegerField()

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template="FLOOR(EXTRACT(EPOCH FROM %(expressions)s))::bigint")

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template="CAST(strftime('%%%%s', %(expressions)s) AS INTEGER)")


@dataclass(frozen=True, slots=True)
class Measured:
    """Incidents as columns: one value each. moments: by milestone name, seconds since 1970 or None."""

    severity: list[int]
    service: list[str]  # slug, "" for none
    quarter: list[str]
    moments: dict[str, list[float | None]]
    names: dict[str, str]  # of services, by slug

    def __len__(self) -> int:
        return len(self.severity)


@dataclass(frozen=True, slots=True)
class Group:
    """A part of the incidents, such as SEV1, with the figure of one pair. query: filters of the incident list, "" where it has none."""

    name: str
    query: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class Items:
    """Of one quarter: opened in it, closed in it, and of the closed those that were late."""

    quarter: str
    opened: int = 0
    closed: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True)
class Insights:
    pairs: list[tuple[MetricPair, Figure]] = field(default_factory=list)
    chosen: MetricPair | None = None
    groups: dict[str, list[Group]] = field(default_factory=dict)  # by severity, by service, by quarter
    incidents: int = 0


def since(period: str, now: datetime) -> datetime | None:
    """The beginning of a period; None: everything."""
    return now - timedelta(days=int(period)) if period.isdecimal() else None


def of(user: User, chosen: str, period: str, now: datetime) -> Insights:
    """What a page shows: every pair over all, the chosen one (by its key) by part. 2 queries."""
    pairs = metric_pairs.rows()
    found = measure(user, since(period, now), now)
    pair = next((each for each in pairs if each.key == chosen), next((each for each in pairs if each.key == "duration"), pairs[0]))
    return Insights(
        pairs=[(each, _figure(each, found, range(len(found)))) for each in pairs],
        chosen=pair,
        groups={name: list(_groups(pair, found, name)) for name in ("severity", "service", "quarter")},
        incidents=len(found),
    )


def measure(user: User, begin: datetime | None, end: datetime) -> Measured:
    """Real incidents opened in [begin, end) that the user may see, with their milestones. 1 query."""
    shown = Incident.objects.visible_to(user).filter(kind=Incident.Kind.INCIDENT, opened_at__lt=end)
    shown = shown.exclude(status__in=[Status.CANCELLED, Status.MERGED])
    if begin:
        shown = shown.filter(opened_at__gte=begin)
    names = list(Milestone.Name.values)
    at = {f"at_{name}": Seconds(Max("milestones__at", filter=Q(milestones__name=name))) for name in names}
    rows = shown.order_by().values_list("severity", "service__slug", "service__name", Seconds("opened_at"), Seconds("postmortem__published_at"))
    rows = rows.annotate(key=F("pk"), **at)
    columns: list[Any] = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(6 + len(names))]
    moments = dict(zip(names, columns[6:], strict=True)) | {PUBLISHED: columns[4]}
    services = {slug or "": name or NO_SERVICE for slug, name in zip(columns[1], columns[2], strict=True)}
    return Measured(columns[0], [slug or "" for slug in columns[1]], _quarters(columns[3]), moments, services)


def _quarters(opened: list[float]) -> list[str]:
    known: dict[int, str] = {}

    def of_day(day: int) -> str:
        if day not in known:
            known[day] = quarter_of(datetime.fromtimestamp(day * 86_400, UTC))
        return known[day]

    return [of_day(int(seconds) // 86_400) for seconds in opened]


def quarter_of(moment: datetime) -> str:
    """`2026 Q4`, UTC."""
    return f"{moment.year} Q{(moment.month + 2) // 3}"


def _figure(pair: MetricPair, found: Measured, chosen: Iterable[int]) -> Figure:
    starts, ends = found.moments[pair.starts], found.moments[pair.ends]
    targets = {severity: target.total_seconds() if (target := pair.target_of(severity)) else None for severity in (1, 2, 3, 4)}
    here = list(chosen)
    return metric_pairs.figure(
        [metric_pairs.between(starts[number], ends[number]) for number in here], [targets[found.severity[number]] for number in here]
    )


def _groups(pair: MetricPair, found: Measured, by: str) -> Iterator[Group]:
    """Worst severity, busiest service, oldest quarter first."""
    names: list[Any] = getattr(found, by)
    members: dict[Any, list[int]] = {}
    for number, name in enumerate(names):
        members.setdefault(name, []).append(number)
    order: Callable[[Any], Any] = (lambda name: (-len(members[name]), name)) if by == "service" else (lambda name: name)
    for name in sorted(members, key=order):
        label = {"severity": f"SEV{name}", "service": found.names.get(name, "")}.get(by, name)
        query = f"state=all&{by}={name}" if by in ("severity", "service") and name else ""
        yield Group(label, query, _figure(pair, found, members[name]))


def action_items(user: User, begin: datetime | None, now: datetime) -> list[Items]:
    """By quarter, oldest first; imported ones are left out, since nobody knows when they were opened. 2 queries."""
    visible = ActionItem.objects.visible_to(user).exclude(origin=ActionItem.Origin.IMPORT).order_by()
    opened, closed = visible.filter(created_at__lte=now), visible.filter(finished_at__lte=now)
    if begin:
        opened, closed = opened.filter(created_at__gte=begin), closed.filter(finished_at__gte=begin)
    late = Count("pk", filter=Q(due_on__lt=TruncDate("finished_at", tzinfo=UTC)))
    found: dict[str, dict[str, int]] = {}
    for quarter, number in opened.annotate(q=TruncQuarter("created_at", tzinfo=UTC)).values_list("q").annotate(Count("pk")):
        found.setdefault(quarter_of(quarter), {})["opened"] = number
    rows = closed.annotate(q=TruncQuarter("finished_at", tzinfo=UTC)).values_list("q").annotate(Count("pk"), late=late)
    for quarter, number, after in rows:
        found.setdefault(quarter_of(quarter), {}).update(closed=number, late=after)
    return [Items(quarter, **numbers) for quarter, numbers in sorted(found.items())]


def table(user: User, period: str, now: datetime) -> Iterator[list[object]]:
    """Every pair for all and for each part, as rows of a spreadsheet; seconds, empty where unknown. 2 queries."""
    yield ["Pair", "From", "To", "By", "Part", "Incidents", "n", "No data", "Median (s)", "p90 (s)", "Within target", "Of"]
    found = measure(user, since(period, now), now)
    for pair in metric_pairs.rows():
        parts = [("all", "all", _figure(pair, found, range(len(found))))]
        parts += [(by, group.name, group.figure) for by in ("severity", "service", "quarter") for group in _groups(pair, found, by)]
        for by, name, each in parts:
            yield [
                *[pair.name, pair.get_starts_display(), pair.get_ends_display(), by, name, each.total, each.n, each.missing],
                *["" if each.median is None else round(each.median), "" if each.p90 is None else round(each.p90), each.met, each.judged],
            ]
