"""Live metrics: one poller asks Prometheus, every viewer reads what it wrote; leaving a band restarts the watch."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from django.db import transaction

from incidents import clocks
from incidents.locks import locked
from incidents.models import Incident, Metric, Promise, Reading
from incidents.models.incident import OVER
from oncall.models import Service
from portal import clock, due, outbound
from portal.models import Due
from runbooks.models import Target

DUE = "incidents.sample"
LEASE = timedelta(seconds=60)
EVERY = timedelta(seconds=15)
HOUR, STEP = timedelta(hours=1), 60  # seconds between two points of a sparkline
OLD = timedelta(minutes=2)  # a value older than this is said with its age
TIMEOUT = 5.0  # seconds for one metric
NONE = "Prometheus has no such series"

# name, expression, what several series become, unit, factor, low, high: the six to watch. Bands are a beginning; an administrator sets them.
SHIPPED = (
    ("Error rate", "rate(agent_errors_total[5m])", "sum", "/s", 1, None, 0.5),
    ("Request rate", "rate(agent_requests_total[5m])", "sum", "/s", 1, None, None),
    ("Latency", "histogram_quantile(0.95, rate(agent_response_seconds_bucket[5m]))", "max", "s", 1, None, 5),
    ("Queue depth", "agent_queue_depth", "sum", "", 1, None, 500),
    ("Active workers", 'count(up{job="agent-worker"} == 1)', "sum", "", 1, 1, None),
    (
        "Cache hit rate",
        "rate(agent_cache_hits_total[5m]) / (rate(agent_cache_hits_total[5m]) + rate(agent_cache_misses_total[5m]))",
        "mean",
        "%",
        100,
        85,
        None,
    ),
)
_JOIN: dict[str, Callable[[list[float]], float]] = {"sum": math.fsum, "max": max, "mean": statistics.fmean}


@dataclass(frozen=True, slots=True)
class Gauge:
    """One metric as it is shown. verdict: ok, bad, unknown (no band) or none (no data). words: `above 5 %: normal is up to 5 %`."""

    name: str
    value: float | None
    unit: str
    verdict: str
    words: str
    points: list[float]
    threshold: float | None
    value_at: datetime | None
    problem: str

    @property
    def shown(self) -> str:
        """`4,812`, `1.4`, `no data`."""
        if self.value is None:
            return "no data"
        return f"{self.value:,.0f}" if abs(self.value) >= 100 else f"{self.value:.3g}"

    @property
    def says(self) -> str:
        """The sparkline in words: `from 0.4 up to 12 in the last hour, now 8`."""
        if len(self.points) < 2 or self.value is None:
            return "no course to show"
        return f"lowest {min(self.points):.3g}, highest {max(self.points):.3g} in the last hour, now {self.shown} {self.unit}".strip()


def begin(incident: Incident, at: datetime) -> None:
    """Have the metrics of its service asked for as long as an incident of it is open. In the caller's transaction. 1-3 queries."""
    if incident.service_id and not incident.is_over and Metric.objects.filter(is_enabled=True).exists():
        due.put(DUE, str(incident.service_id), at=at, priority=3)


def handle(row: Due, now: datetime) -> None:
    """The handler of `incidents.sample`: ask, keep, judge the watch, ask again in 15 s; rest once nothing is open."""
    service = Service.objects.filter(pk=row.key).first()
    open_ones = list(Incident.objects.filter(service=int(row.key)).exclude(status__in=OVER).values_list("pk", flat=True))
    if service is None or not open_ones:
        with transaction.atomic():
            due.settle(row)
        return
    sample(service, now)
    for pk in open_ones:
        with transaction.atomic():
            judge(locked(pk), now)
    due.postpone(row, now + EVERY)


def metrics_of(service: Service) -> list[Metric]:
    """Its own, else those that stand for every service. 1-2 queries."""
    own = list(Metric.objects.filter(service=service, is_enabled=True))
    return own or list(Metric.objects.filter(service=None, is_enabled=True))


def server_for(service: Service) -> Target | None:
    """The Prometheus that an administrator set up as a target. 1 query."""
    return Target.objects.filter(kind="prometheus").order_by("slug").first()


def sample(service: Service, now: datetime) -> None:
    """Ask every metric of the service once and keep the last hour. 2 queries and 1 or 2 for each metric."""
    server = server_for(service)
    for metric in metrics_of(service):
        if server is None:
            _keep(metric, service, now, problem="no Prometheus is set up (Admin, Targets)")
            continue
        try:
            points, at = _ask(server, metric, now)
        except outbound.Unreachable as trouble:
            _keep(metric, service, now, problem=str(trouble))
        else:
            _keep(metric, service, now, points=points, value_at=at, problem="" if points else NONE)


def _ask(server: Target, metric: Metric, now: datetime) -> tuple[list[float], datetime | None]:
    """Values of the last hour in the metric's unit, oldest first, and when the newest was. Raises: Unreachable."""
    real = now - clock.offset()  # Prometheus lives on the wall clock, also while the portal's is moved for a rehearsal
    query = {"query": metric.expression, "start": f"{(real - HOUR).timestamp():.3f}", "end": f"{real.timestamp():.3f}", "step": str(STEP)}
    scheme, port = ("https" if server.uses_tls else "http"), server.port or 9090
    host = f"[{server.host}]" if ":" in server.host else server.host
    answer = outbound.fetch("GET", f"{scheme}://{host}:{port}/api/v1/query_range?{urlencode(query)}", kind="named", timeout=TIMEOUT)
    body = answer.json()
    if not isinstance(body, dict) or body.get("status") != "success":
        raise outbound.Unreachable("broken", message="Prometheus refused the expression.")
    found: dict[float, list[float]] = {}
    for series in body.get("data", {}).get("result", [])[:200]:
        for at, value in series.get("values", []):
            if math.isfinite(number := float(value)):
                found.setdefault(float(at), []).append(number * metric.factor)
    moments = sorted(found)
    newest = datetime.fromtimestamp(moments[-1], UTC) + clock.offset() if moments else None
    return [_JOIN[metric.several](found[at]) for at in moments], newest


def _keep(
    metric: Metric, service: Service, now: datetime, *, points: Iterable[float] = (), value_at: datetime | None = None, problem: str = ""
) -> None:
    """A try that brought nothing keeps the last values; they carry their age."""
    found: dict[str, object] = {"asked_at": now, "problem": problem[:200]}
    values = list(points)
    if values:
        found |= {"points": values[-61:], "value": values[-1], "value_at": value_at}
    Reading.objects.update_or_create(metric=metric, service=service, defaults=found)


def judge(incident: Incident, now: datetime) -> None:
    """Restart the watch while a metric is out of its band. In the caller's transaction, which locks the incident."""
    if not incident.promises.filter(kind=Promise.Kind.WATCH, verdict=Promise.Verdict.OPEN).exists():
        return
    shown = gauges(incident, now)
    bad = [gauge for gauge in shown if gauge.verdict == "bad"]
    if bad:
        clocks.restart_watch(incident, now, why=f"{', '.join(gauge.name for gauge in bad)} out of band")
        return
    clocks.back_in_band(incident, now)


def gauges(incident: Incident, now: datetime) -> list[Gauge]:
    """Every metric of its service, out of band first. 2-3 queries."""
    if incident.service is None:
        return []
    wanted = metrics_of(incident.service)
    readings = {reading.metric_id: reading for reading in Reading.objects.filter(service=incident.service, metric__in=wanted)}
    found = [_gauge(metric, readings.get(metric.pk), now) for metric in wanted]
    return sorted(found, key=lambda gauge: {"bad": 0, "none": 1, "unknown": 2, "ok": 2}[gauge.verdict])


def _gauge(metric: Metric, reading: Reading | None, now: datetime) -> Gauge:
    value = reading.value if reading else None
    band = normal(metric)
    if reading is None or value is None:
        verdict, words = "none", reading.problem if reading and reading.problem else "not asked yet"
    elif metric.low is None and metric.high is None:
        verdict, words = "unknown", "no band is set"
    elif (metric.high is not None and value > metric.high) or (metric.low is not None and value < metric.low):
        verdict, words = "bad", band
    else:
        verdict, words = "ok", band
    points = [float(point) for point in reading.points] if reading else []
    return Gauge(
        name=metric.name,
        value=value,
        unit=metric.unit,
        verdict=verdict,
        words=words,
        points=points,
        threshold=metric.high if metric.high is not None else metric.low,
        value_at=reading.value_at if reading else None,
        problem=reading.problem if reading else "",
    )


def normal(metric: Metric) -> str:
    """`normal up to 5 s`, `normal from 85 %`, `normal 160 to 260 /s`."""
    unit = f" {metric.unit}" if metric.unit else ""
    if metric.low is not None and metric.high is not None:
        return f"normal {metric.low:g} to {metric.high:g}{unit}"
    if metric.high is not None:
        return f"normal up to {metric.high:g}{unit}"
    return f"normal from {metric.low:g}{unit}" if metric.low is not None else "no band is set"


def confirmed_normal(incident: Incident) -> str:
    """The fact of the checklist: every metric with a band is inside it, by a value that is not old."""
    if incident.service is None or not incident.resolved_at:
        return ""
    banded = [gauge for gauge in gauges(incident, incident.resolved_at) if gauge.verdict in ("ok", "bad")]
    fresh = [g for g in banded if g.value_at and incident.resolved_at - g.value_at <= OLD and not g.problem]
    return f"{len(fresh)} of {len(banded)} in band" if fresh and len(fresh) == len(banded) and all(g.verdict == "ok" for g in fresh) else ""


def lay_out(now: datetime) -> str:
    """The seed chapter: the six to watch, for every service, where there is no metric at all."""
    if Metric.objects.exists():
        return ""
    for order, (name, expression, several, unit, factor, low, high) in enumerate(SHIPPED):
        Metric.objects.create(name=name, expression=expression, several=several, unit=unit, factor=factor, low=low, high=high, order=order)
    return f"{len(SHIPPED)} metrics to watch"
