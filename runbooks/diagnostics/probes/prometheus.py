"""Prometheus: what a query says now, how it went over time, and which targets are down."""

from __future__ import annotations

import math
import time
from typing import Any
from urllib.parse import urlencode

from portal import outbound
from runbooks.diagnostics import troubles
from runbooks.diagnostics.parameters import Whole, Words
from runbooks.diagnostics.places import Place, Trouble
from runbooks.diagnostics.registry import Diagnostic
from runbooks.diagnostics.results import ROWS, Result, Rows

WAIT = 8.0  # seconds
LARGEST = 8 << 20  # bytes of an answer
POINTS = 240  # of each series over time
REFUSALS = {"bad_data": "could not read the query", "execution": "could not work out the query", "timeout": "took too long over the query"}
QUERY = Words("query", "Query (PromQL)", default="sum(rate(agent_errors_total[5m]))", longest=2000, pattern=r"[^\x00-\x1f\x7f]+")


def ask(place: Place, path: str, **parameters: str | float) -> Any:
    """The `data` of an answer of the HTTP API (v1). Raises: Trouble, Unreachable."""
    scheme = "https" if place.uses_tls else "http"
    url = f"{scheme}://{_host(place)}:{place.port}{place.path.rstrip('/')}/api/v1/{path}"
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {place.secret}"} if place.secret else {})
    try:
        answer = outbound.fetch(
            "GET",
            f"{url}?{urlencode(parameters)}" if parameters else url,
            kind="named",
            headers=headers,
            timeout=WAIT,
            max_bytes=LARGEST,
            verify=place.options.get("verify") is not False,
        )
    except outbound.Unreachable as trouble:
        raise troubles.unreachable(place, trouble.reason, seconds=WAIT) from None
    name = troubles.name_of(place)
    if answer.status in {401, 403}:
        raise Trouble(f"{name} refused the token", "An administrator corrects the variable that holds the token of the target.")
    try:
        told = answer.json()
        status, data = told["status"], told.get("data")
    except (outbound.Unreachable, TypeError, KeyError):
        raise Trouble(
            f"{name} answered {answer.status} with something that is not Prometheus", "An administrator corrects its port or path."
        ) from None
    if status != "success":
        refusal = REFUSALS.get(told.get("errorType", ""), f"answered {answer.status}")
        raise Trouble(f"{name} {refusal}", "Try the query in Prometheus itself, or a shorter range.")
    return data


def _host(place: Place) -> str:
    return f"[{place.host}]" if ":" in place.host else place.host


def instant(place: Place, parameters: dict[str, Any]) -> Result:
    data = ask(place, "query", query=parameters["query"])
    series = _series(data)
    rows: Rows = sorted(([_labels(labels), number(value)] for labels, value in series), key=lambda row: (row[1] is None, -(row[1] or 0)))
    values = [value for _, value in rows if value is not None]
    finding = f"{len(rows)} series, the highest {shown(values[0])}" if len(rows) > 1 and values else shown(values[0]) if values else "No data"
    return Result(
        finding=finding if rows else "No data: nothing matches the query",
        severity="ok" if values else "warn",
        text="\n".join([parameters["query"], *(f"  {labels or '{}'}: {shown(value)}" for labels, value in rows)]),
        columns=["series", "value"],
        rows=[[labels, shown(value)] for labels, value in rows[:ROWS]],
        numbers={"series": len(rows), **({"highest": values[0]} if values else {})},
        figure="highest",
        next_step="" if values else "See whether the metric exists and whether its targets are up (targets-down).",
    )


def over_time(place: Place, parameters: dict[str, Any]) -> Result:
    """Each series' last, lowest, highest and mean value over the last minutes."""
    minutes = parameters["minutes"]
    step = max(15, math.ceil(minutes * 60 / POINTS))
    end = int(time.time())
    data = ask(place, "query_range", query=parameters["query"], start=end - minutes * 60, end=end, step=step)
    rows: Rows = []
    for found in data.get("result", [])[:ROWS]:
        values = [value for _, raw in found["values"] if (value := number(raw)) is not None]
        if values:
            rows.append([_labels(found["metric"]), values[-1], min(values), max(values), sum(values) / len(values)])
    rows.sort(key=lambda row: -row[1])
    top = rows[0] if rows else None
    finding = f"{len(rows)} series over {minutes} min; the highest is {shown(top[1])} now, {shown(top[2])} to {shown(top[3])} before" if top else ""
    lines = [f"  {r[0] or '{}'}: {shown(r[1])} now, {shown(r[2])} to {shown(r[3])}, mean {shown(r[4])}" for r in rows]
    return Result(
        finding=finding or "No data: nothing matches the query",
        severity="ok" if rows else "warn",
        text="\n".join([parameters["query"], *lines]),
        columns=["series", "now", "lowest", "highest", "mean"],
        rows=[[row[0], *map(shown, row[1:])] for row in rows],
        numbers={"series": len(rows), **({"now": top[1], "lowest": top[2], "peak": top[3]} if top else {})},
        figure="now",
        next_step="" if rows else "See whether the metric exists and whether its targets are up (targets-down).",
    )


def targets_down(place: Place, parameters: dict[str, Any]) -> Result:
    found = ask(place, "targets", state="active").get("activeTargets", [])
    down = [target for target in found if target.get("health") != "up"]
    named = [(target.get("labels", {}), str(target.get("health", ""))) for target in down]
    rows: Rows = [[str(labels.get("job", "")), str(labels.get("instance", "")), health] for labels, health in named]
    finding = f"{len(down)} of {len(found)} targets are down" if found else "Prometheus watches no target"
    return Result(
        finding=finding,
        severity="bad" if down else "ok" if found else "warn",
        text="\n".join([finding, *(f"  - {job} {instance}: {health}" for job, instance, health in sorted(rows))]),
        columns=["job", "instance", "health"],
        rows=sorted(rows)[:ROWS],
        numbers={"down": len(down), "targets": len(found)},
        figure="down",
        next_step="See whether these run and can be reached from Prometheus." if down else "" if found else "Add scrape configurations.",
    )


def _series(data: Any) -> list[tuple[dict[str, str], Any]]:
    if data.get("resultType") in {"scalar", "string"}:
        return [({}, data["result"][1])]
    return [(found["metric"], found["value"][1]) for found in data.get("result", []) if "value" in found]


def _labels(labels: dict[str, str]) -> str:
    name = labels.get("__name__", "")
    rest = ", ".join(f'{key}="{value}"' for key, value in sorted(labels.items()) if key != "__name__")
    return f"{name}{{{rest}}}"[:300] if rest else name[:300]


def number(raw: Any) -> float | None:
    """None for NaN and what is no number."""
    try:
        value = float(raw)
    except (TypeError, ValueError):
        return None
    return None if math.isnan(value) or math.isinf(value) else value


def shown(value: float | None) -> str:
    return "no data" if value is None else f"{value:,.0f}" if value == int(value) and abs(value) < 1e15 else f"{value:.4g}"


PROMETHEUS_QUERY = Diagnostic(
    slug="prometheus-query",
    title="Prometheus query",
    about="What a query says now.",
    icon="activity",
    kind="reads",
    needs=("prometheus",),
    timeout=10,
    parameters=(QUERY,),
    probe=instant,
    on_incident=True,
)
PROMETHEUS_RANGE = Diagnostic(
    slug="prometheus-range",
    title="Prometheus, over time",
    about="How the series of a query went over the last minutes.",
    icon="chart-line",
    kind="reads",
    needs=("prometheus",),
    timeout=10,
    parameters=(QUERY, Whole("minutes", "Over the last", default=60, minimum=1, maximum=10_080, unit="minutes")),
    probe=over_time,
)
TARGETS_DOWN = Diagnostic(
    slug="targets-down",
    title="Targets down",
    about="Which of the things that Prometheus watches do not answer it.",
    icon="server",
    kind="reads",
    needs=("prometheus",),
    timeout=10,
    probe=targets_down,
)
