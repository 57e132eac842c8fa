"""Is Redis well: does it answer, has it room, does it throw keys out, who is slow, who waits."""

from __future__ import annotations

import time
from typing import Any

from runbooks.diagnostics.parameters import Whole
from runbooks.diagnostics.places import Place
from runbooks.diagnostics.probes.redis_client import connected
from runbooks.diagnostics.registry import Diagnostic
from runbooks.diagnostics.results import Result, Rows

FULL, NEARLY = 95, 85  # percent
SLOW = 10  # entries of the slow log


def look(place: Place, parameters: dict[str, Any]) -> Result:
    with connected(place) as client:
        began = time.monotonic()
        client.ping()
        answered = (time.monotonic() - began) * 1000
        info: Any = client.info()
        slow: Any = client.slowlog_get(SLOW)
        now, _ = client.time()
    last = place.facts.get("numbers", {})
    used, limit = int(info.get("used_memory", 0)), int(info.get("maxmemory", 0))
    percent = round(100 * used / limit, 1) if limit else None
    clients, most, blocked = int(info.get("connected_clients", 0)), int(info.get("maxclients", 0)), int(info.get("blocked_clients", 0))
    evicted = int(info.get("evicted_keys", 0))
    newly_evicted = max(0, evicted - int(last["evicted_keys"])) if "evicted_keys" in last else 0
    recent = [entry for entry in slow if now - entry["start_time"] <= parameters["window"]]
    complaints: list[tuple[str, str]] = []  # (severity, sentence)
    if answered > 100:
        complaints.append(("warn", f"it took {answered:.0f} ms to answer"))
    if percent is not None and percent >= NEARLY:
        complaints.append(("bad" if percent >= FULL else "warn", f"{percent:g} % of its memory is used"))
    if newly_evicted:
        complaints.append(("bad", f"{newly_evicted:,} keys were thrown out since the last look"))
    if most and clients >= most * FULL / 100:
        complaints.append(("bad", f"{clients} of {most} connections are taken"))
    if recent:
        complaints.append(("warn", f"{len(recent)} slow commands within {parameters['window']} s"))
    if info.get("rdb_last_bgsave_status", "ok") != "ok":
        complaints.append(("bad", "its last save to disk failed"))
    if info.get("role") == "slave" and info.get("master_link_status") != "up":
        complaints.append(("bad", "it is a replica without its primary"))
    if info.get("loading"):
        complaints.append(("warn", "it is still loading"))
    severity = "bad" if any(kind == "bad" for kind, _ in complaints) else "warn" if complaints else "ok"
    memory = f"{used / 1e6:.1f} MB" + (f" of {limit / 1e6:.1f} MB" if limit else ", without a limit")
    finding = "; ".join(sentence for _, sentence in complaints) or f"Answers in {answered:.1f} ms, {memory}, {clients} clients"
    rows: Rows = [
        ["answer, ms", round(answered, 1)],
        ["memory", memory],
        ["policy when full", str(info.get("maxmemory_policy", ""))],
        ["keys thrown out", evicted],
        ["clients", f"{clients} of {most}" if most else str(clients)],
        ["blocked clients", blocked],
        ["commands a second", int(info.get("instantaneous_ops_per_sec", 0))],
        ["role", "replica" if info.get("role") == "slave" else "primary"],
        ["up for, seconds", int(info.get("uptime_in_seconds", 0))],
        *([f"slow, {int(now - entry['start_time'])} s ago", f"{entry['duration'] / 1000:.0f} ms: {_command(entry)}"] for entry in recent),
    ]
    return Result(
        finding=finding[:1].upper() + finding[1:],
        severity=severity,  # type: ignore[arg-type]
        text="\n".join(f"{name}: {value}" for name, value in rows),
        columns=["what", "value"],
        rows=rows,
        numbers={
            "answer_ms": round(answered, 2),
            "used_bytes": used,
            "clients": clients,
            "blocked_clients": blocked,
            "evicted_keys": evicted,
            "slow_commands": len(recent),
            **({"memory_percent": percent} if percent is not None else {}),
        },
        figure="memory_percent" if percent is not None else "used_bytes",
        next_step="Follow the runbook “Redis down”: free memory, end slow commands, or raise the limit." if complaints else "",
    )


def _command(entry: Any) -> str:
    """The command and its key; values may be anybody's."""
    raw = entry.get("command", b"")
    words = (raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)).split()
    return " ".join(words[:2])[:80] + (" …" if len(words) > 2 else "")


REDIS_HEALTH = Diagnostic(
    slug="redis-health",
    title="Redis health",
    about="Answers, memory, keys thrown out, slow commands, blocked and connected clients.",
    icon="database",
    kind="reads",
    needs=("redis",),
    timeout=10,
    parameters=(Whole("window", "Slow commands of the last", default=3600, minimum=60, maximum=7 * 86_400, unit="seconds"),),
    probe=look,
    on_incident=True,
)
