"""PostgreSQL: connections against the limit, long queries, who blocks whom, replication."""

from __future__ import annotations

from typing import Any

from runbooks.diagnostics.parameters import Whole
from runbooks.diagnostics.places import Place
from runbooks.diagnostics.probes.postgres_client import DATABASE, connected, line
from runbooks.diagnostics.registry import Diagnostic
from runbooks.diagnostics.results import ROWS, Block, Result, Rows, Severity

UNUSED = "Drop slots that nobody uses: they fill the disk."
FULL, NEARLY = 90, 75  # percent

CONNECTIONS = """
SELECT coalesce(nullif(application_name, ''), usename, backend_type) AS who, count(*),
       count(*) FILTER (WHERE state = 'active'), count(*) FILTER (WHERE state = 'idle'),
       count(*) FILTER (WHERE state LIKE 'idle in transaction%%'),
       coalesce(max(extract(epoch FROM now() - state_change)) FILTER (WHERE state LIKE 'idle in transaction%%'), 0)::int
FROM pg_stat_activity WHERE backend_type = 'client backend' GROUP BY 1 ORDER BY 2 DESC LIMIT 200
"""
LIMIT = "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
QUERIES = """
SELECT pid, extract(epoch FROM now() - coalesce(query_start, xact_start))::int, state, coalesce(wait_event_type || ' ' || wait_event, ''),
       coalesce(nullif(application_name, ''), usename, ''), query
FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND state <> 'idle'
  AND now() - coalesce(query_start, xact_start) >= %s * interval '1 second'
ORDER BY 2 DESC LIMIT 200
"""
LOCKS = """
SELECT blocked.pid, extract(epoch FROM now() - blocked.query_start)::int, blocked.query,
       blocker.pid, coalesce(nullif(blocker.application_name, ''), blocker.usename, ''), blocker.state,
       extract(epoch FROM now() - blocker.xact_start)::int, blocker.query,
       cardinality(pg_blocking_pids(blocker.pid)) = 0
FROM pg_stat_activity blocked
CROSS JOIN LATERAL unnest(pg_blocking_pids(blocked.pid)) AS by(pid)
LEFT JOIN pg_stat_activity blocker ON blocker.pid = by.pid
WHERE blocked.wait_event_type = 'Lock' ORDER BY 2 DESC LIMIT 200
"""
REPLICAS = """
SELECT coalesce(nullif(application_name, ''), usename, ''), state, sync_state,
       pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint, coalesce(extract(epoch FROM replay_lag), 0)::float
FROM pg_stat_replication ORDER BY 1
"""
RECOVERY = """
SELECT pg_is_in_recovery(),
       CASE WHEN pg_is_in_recovery() AND pg_last_wal_receive_lsn() IS DISTINCT FROM pg_last_wal_replay_lsn()
            THEN extract(epoch FROM now() - pg_last_xact_replay_timestamp())::float ELSE 0 END
"""
SLOTS = """
SELECT slot_name, pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, restart_lsn)::bigint
FROM pg_replication_slots WHERE NOT active
"""


def connections(place: Place, parameters: dict[str, Any]) -> Result:
    """How many are taken of how many, by whom, and who sits idle in a transaction."""
    with connected(place) as session:
        [(limit,)] = session.ask(LIMIT)
        rows = session.ask(CONNECTIONS)
    used, idle = sum(row[1] for row in rows), sum(row[4] for row in rows)
    percent = round(100 * used / limit, 1)
    held = rows[0] if rows else ("nobody", 0, 0, 0, 0, 0)
    stuck = max((row[5] for row in rows), default=0)
    severity: Severity = "bad" if percent >= FULL else "warn" if percent >= NEARLY or stuck >= parameters["idle"] else "ok"
    finding = f"{used} of {limit} connections are taken ({percent:g} %)"
    if severity != "ok":
        finding += f", {held[1]} by {held[0]}"
    if stuck >= parameters["idle"]:
        finding += f"; {idle} idle in a transaction, the longest for {stuck} s"
    lines = [finding, *(f"  - {who}: {n} ({active} active, {idles} idle, {in_t} idle in a transaction)" for who, n, active, idles, in_t, _ in rows)]
    busy = bool(held[1]) and held[2] + held[4] == held[1] and percent >= NEARLY
    step = f"Every connection of {held[0]} is busy, so its pool is exhausted: restart it or widen the pool. {DATABASE}" if busy else DATABASE
    return Result(
        finding=finding,
        severity=severity,
        text="\n".join(lines),
        columns=["who", "connections", "active", "idle", "idle in transaction", "longest idle in transaction, s"],
        rows=[list(row) for row in rows[:ROWS]],
        numbers={"used": used, "limit": limit, "percent": percent, "idle_in_transaction": idle},
        figure="used",
        next_step="" if severity == "ok" else step,
    )


def queries(place: Place, parameters: dict[str, Any]) -> Result:
    with connected(place) as session:
        rows = session.ask(QUERIES, (parameters["older"],))
    oldest = rows[0][1] if rows else 0
    finding = f"{len(rows)} queries run for {parameters['older']} s or longer" + (f", the oldest for {oldest} s" if rows else "")
    shown = [[pid, age, state, wait, who, line(sql)] for pid, age, state, wait, who, sql in rows]
    return Result(
        finding=finding if rows else f"No query runs for {parameters['older']} s or longer",
        severity="warn" if rows else "ok",
        text="\n".join([finding, *(f"  - pid {row[0]}, {row[1]}s, {row[2]}, {row[4]}: {row[5]}" for row in shown)]),
        columns=["pid", "seconds", "state", "waits for", "who", "query"],
        rows=shown[:ROWS],
        numbers={"long_queries": len(rows), "oldest_seconds": oldest},
        figure="long_queries",
        next_step=f"See who blocks whom (db-locks). {DATABASE}" if rows else "",
    )


def locks(place: Place, parameters: dict[str, Any]) -> Result:
    """Who waits for a lock, and who holds it. A blocker that itself waits for nobody is a root."""
    with connected(place) as session:
        rows = session.ask(LOCKS)
    roots = {row[3]: row for row in rows if row[8]}
    waiting = {row[0] for row in rows}
    shown = [[pid, age, line(sql), blocker, who, state, held] for pid, age, sql, blocker, who, state, held, _, _ in rows]
    first = max(roots.values(), key=lambda row: sum(other[3] == row[3] for other in rows), default=None)
    finding = f"{len(waiting)} sessions wait for a lock" + (
        f"; pid {first[3]} ({first[4]}, {first[5]} for {first[6]} s) blocks them" if first else ""
    )
    return Result(
        finding=finding,
        severity="bad" if rows else "ok",
        text="\n".join([finding, *(f"  - pid {r[0]} waits {r[1]}s for pid {r[3]} ({r[4]}): {r[2]}" for r in shown)]),
        columns=["waits", "seconds", "query", "for pid", "who", "state", "in transaction, s"],
        rows=shown[:ROWS],
        numbers={"waiting": len(waiting), "blockers": len(roots)},
        figure="waiting",
        blocks=[Block(f"Last query of pid {pid}", line(row[7])) for pid, row in list(roots.items())[:10]],
        next_step=f"End the transaction that blocks (SELECT pg_terminate_backend({first[3]})) if it may end. {DATABASE}" if first else "",
    )


def replication(place: Place, parameters: dict[str, Any]) -> Result:
    """Of a primary its replicas and unused slots, of a replica how far it is behind."""
    with connected(place) as session:
        [(is_replica, behind)] = session.ask(RECOVERY)
        replicas = [] if is_replica else session.ask(REPLICAS)
        slots = session.ask(SLOTS)
    behind = round(float(behind or 0), 1)
    lag = behind if is_replica else max((row[4] for row in replicas), default=0.0)
    kept = max((row[1] or 0 for row in slots), default=0)
    late = lag > parameters["lag"]
    if is_replica:
        finding = f"A replica, {behind:g} s behind its primary"
    elif replicas:
        finding = f"{len(replicas)} replicas, the last {lag:.1f} s behind"
    else:
        finding = "A primary without replicas"
    if slots:
        finding += f"; {len(slots)} unused slots keep {kept / 1e6:.0f} MB of log"
    rows: Rows = [[who, state, sync, int(size or 0), round(seconds, 2)] for who, state, sync, size, seconds in replicas]
    lines = [f"  - {who}: {state}, {sync}, {size} bytes, {seconds} s behind" for who, state, sync, size, seconds in rows]
    return Result(
        finding=finding,
        severity="bad" if late else "warn" if slots else "ok",
        text="\n".join([finding, *lines, *(f"  - slot {slot}: unused" for slot, _ in slots)]),
        columns=["replica", "state", "sync", "bytes behind", "seconds behind"],
        rows=rows,
        numbers={"replicas": len(replicas), "lag_seconds": round(lag, 2), "unused_slots": len(slots)},
        figure="lag_seconds",
        next_step=f"See the replica's load and the way to it. {DATABASE}"
        if late
        else "Drop slots that nobody uses: they fill the disk."
        if slots
        else "",
    )


def _diagnostic(slug: str, title: str, about: str, icon: str, probe: Any, *parameters: Whole, on_incident: bool = False) -> Diagnostic:
    return Diagnostic(slug, title, about, icon, "reads", ("postgres",), 15, probe, parameters, on_incident=on_incident)


DB_CONNECTIONS = _diagnostic(
    "db-connections",
    "Database connections",
    "How many connections are taken of how many, by whom, and who sits idle in a transaction.",
    "database",
    connections,
    Whole("idle", "Idle in a transaction is bad from", default=60, minimum=1, maximum=86_400, unit="seconds"),
    on_incident=True,
)
DB_QUERIES = _diagnostic(
    "db-queries",
    "Long queries",
    "Queries that run for long, what they wait for and who asked.",
    "clock",
    queries,
    Whole("older", "Running for at least", default=30, minimum=0, maximum=86_400, unit="seconds"),
)
DB_LOCKS = _diagnostic("db-locks", "Who blocks whom", "Sessions that wait for a lock, and who holds it.", "lock", locks)
DB_REPLICATION = _diagnostic(
    "db-replication",
    "Replication lag",
    "How far replicas are behind, and slots that keep log for nobody.",
    "copy",
    replication,
    Whole("lag", "Bad above", default=30, minimum=0, maximum=86_400, unit="seconds"),
)
