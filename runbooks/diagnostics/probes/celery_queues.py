"""Celery's queues and workers, as its Redis broker knows them."""

from __future__ import annotations

from typing import Any

from portal import outbound
from runbooks.diagnostics.parameters import Whole
from runbooks.diagnostics.places import Place
from runbooks.diagnostics.probes.redis_client import WAIT, connected
from runbooks.diagnostics.registry import Diagnostic
from runbooks.diagnostics.results import Result, Rows

ANSWER = 1.5  # seconds in which workers answer a ping


def look(place: Place, parameters: dict[str, Any]) -> Result:
    names = [str(name) for name in place.options.get("celery_queues", [])] or ["celery"]
    with connected(place) as client:
        depths: Rows = [[name, int(client.llen(name))] for name in names]
        unacknowledged = int(client.hlen("unacked"))
    workers = _workers(place)
    depth = sum(count for _, count in depths)
    finding = f"{len(workers)} workers answer; {depth} tasks wait, {unacknowledged} taken and not finished"
    sick = not workers or depth > parameters["limit"]
    lines = [finding, *(f"  - {name}: {count} waiting" for name, count in depths), *(f"  - {worker}: answers" for worker in workers)]
    return Result(
        finding=finding if workers else f"No worker answers within {ANSWER:g} s; {depth} tasks wait",
        severity="bad" if sick else "ok",
        text="\n".join(lines),
        columns=["queue or worker", "waiting, or state"],
        rows=[*depths, *([worker, "answers"] for worker in workers)],
        numbers={"workers": len(workers), "waiting": depth, "unacknowledged": unacknowledged},
        figure="waiting",
        next_step="See whether the workers run and reach the broker: runbook “Queue depth growing”." if sick else "",
    )


def _workers(place: Place) -> list[str]:
    """Names of those that answer a ping. The broker is spoken to at its checked address."""
    from celery import Celery

    address = outbound.resolve(place.host, place.port, kind="named", timeout=WAIT)[0][0]
    broker = {"hostname": f"[{address}]" if ":" in address else address, "port": place.port, "virtual_host": place.database or "0"}
    app = Celery("standby-look", set_as_current=False)
    app.conf.broker_transport_options = {"socket_timeout": WAIT, "socket_connect_timeout": WAIT, "max_retries": 0}
    connection = app.connection_for_write(
        "redis://", userid=place.username or None, password=place.secret or None, ssl=place.uses_tls or None, **broker
    )
    try:
        with connection:
            answers = app.control.inspect(timeout=ANSWER, connection=connection).ping() or {}
    except Exception:  # whatever kombu makes of a broker that went away in between; the depths above were read
        return []
    return sorted(str(name)[:120] for name in answers)


CELERY_WORKERS = Diagnostic(
    slug="celery-workers",
    title="Celery workers",
    about="Which workers answer, and how many tasks wait in each of Celery's queues.",
    icon="cpu",
    kind="reads",
    needs=("redis",),
    timeout=12,
    parameters=(Whole("limit", "Bad above", default=1000, minimum=0, maximum=10_000_000, unit="waiting tasks"),),
    probe=look,
)
