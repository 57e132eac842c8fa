"""Stale jobs and the depth of queues. docs/jobs-in-redis.md describes the layout that is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import redis

from runbooks.diagnostics.parameters import Whole
from runbooks.diagnostics.places import Place
from runbooks.diagnostics.probes.redis_client import connected, text
from runbooks.diagnostics.registry import Diagnostic
from runbooks.diagnostics.results import ROWS, Result

RUNNING = "jobs:running"  # sorted set: job id by the moment it started, in seconds since 1970
JOB = "job:{id}"
QUEUE = "queue:{name}"
QUEUES = "queues"  # set: names of the queues
AT_MOST = 10_000  # jobs listed
PAGE = 1_000  # members in one answer, so that no other client waits for ours
STEP = 500  # keys in one step of the script
AGE = Whole("age", "Older than", default=300, minimum=1, maximum=30 * 86_400, unit="seconds")

# For applications without a sorted set: one step of SCAN and the fields of its keys, inside Redis, so that one answer stands for 500 jobs.
STEPS = """
local found = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])
local out, running = {}, 0
for _, key in ipairs(found[2]) do
  local job = redis.call('HMGET', key, 'state', 'started_at')
  if job[1] == 'running' and tonumber(job[2]) then
    running = running + 1
    if tonumber(job[2]) < tonumber(ARGV[4]) then out[#out + 1] = key; out[#out + 1] = job[2] end
  end
end
return {found[1], running, out}
"""


def stale_jobs(place: Place, parameters: dict[str, Any]) -> Result:
    """Jobs in processing for more than `age` seconds, by the clock of Redis, oldest first."""
    with connected(place) as client:
        seconds, _ = client.time()
        count, running, jobs = look(client, place, before=seconds - parameters["age"])
    ages = [(job, int(seconds - started)) for job, started in jobs]
    lines = [f"Found {count} stale jobs:" if count else "Found 0 stale jobs", *(f"  - {text(job)}: {age}s old" for job, age in ages)]
    if count > len(ages):
        lines.append(f"  … and {count - len(ages):,} younger ones")
    return Result(
        finding=f"{count} stale {'job' if count == 1 else 'jobs'} of {running} in processing",
        severity="bad" if count else "ok",
        text="\n".join(lines),
        columns=["job", "age, seconds"],
        rows=[[text(job), age] for job, age in ages[:ROWS]],
        numbers={"stale": count, "running": running, "oldest_seconds": ages[0][1] if ages else 0},
        figure="stale",
        next_step="See which worker holds them before anything is killed: runbook “Queue depth growing”." if count else "",
    )


def look(client: redis.Redis, place: Place, *, before: float, at_most: int = AT_MOST) -> tuple[int, int, list[tuple[str, float]]]:
    """How many started before that moment (excluded), how many run, and the oldest of them, oldest first.

    By the sorted set; `{"running": "-"}` among the options says that there is none, and the hashes are walked in steps.
    """
    key = place.option("running", RUNNING)
    if key == "-":
        return _by_steps(client, place, before, at_most)
    count, running = int(client.zcount(key, "-inf", f"({before}")), int(client.zcard(key))
    jobs: list[tuple[str, float]] = []
    while len(jobs) < min(count, at_most):
        page: Any = client.zrange(key, "-inf", f"({before}", byscore=True, offset=len(jobs), num=min(PAGE, at_most - len(jobs)), withscores=True)
        if not page:
            break
        jobs += page
    return count, running, jobs


def _by_steps(client: redis.Redis, place: Place, before: float, at_most: int) -> tuple[int, int, list[tuple[str, float]]]:
    """Flat in memory: only the oldest are kept."""
    pattern, cursor, running, count = place.option("job", JOB).replace("{id}", "*"), "0", 0, 0
    prefix, _, suffix = place.option("job", JOB).partition("{id}")
    script, kept = client.register_script(STEPS), dict[str, float]()
    while True:
        cursor, more, found = script(args=[cursor, pattern, STEP, before])
        running += int(more)
        for key, started in zip(found[::2], found[1::2], strict=True):
            kept[key.removeprefix(prefix).removesuffix(suffix)] = float(started)  # SCAN may name a key twice
            count += 1
        if len(kept) > 2 * at_most:
            kept = dict(sorted(kept.items(), key=lambda job: job[1])[:at_most])
        if str(cursor) == "0":
            break
    jobs = sorted(kept.items(), key=lambda job: job[1])[:at_most]
    return (len(kept) if len(kept) < at_most else count), running, jobs


def queue_depth(place: Place, parameters: dict[str, Any]) -> Result:
    """How many jobs wait in each queue, of which type, how old the oldest is, and how fast the whole grows since the last look."""
    with connected(place) as client:
        seconds, _ = client.time()
        names = [str(name) for name in place.options.get("queues", [])] or sorted(map(str, client.sscan_iter(QUEUES, count=PAGE)))[:ROWS]
        rows, types = [], Counter[str]()
        for name in names:
            rows.append(_queue(client, place, name, seconds, types))
        running = int(client.zcard(place.option("running", RUNNING))) if place.option("running", RUNNING) != "-" else 0
    depth, oldest = sum(row[1] for row in rows), max((row[2] for row in rows if row[2] is not None), default=0)
    growth = _growth(place, depth)
    limit = parameters["limit"]
    speed = "" if growth is None else f", {growth:+.1f} a minute since the last look"
    finding = f"{depth} jobs wait in {len(rows)} queues, the oldest for {oldest} s{speed}" if names else "No queue is known"
    numbers: dict[str, int | float] = {"depth": depth, "oldest_seconds": oldest, "running": running}
    if growth is not None:
        numbers["growth_per_minute"] = round(growth, 2)
    lines = [f"{depth} jobs wait, {running} in processing", *(f"  - {name}: {count}, oldest {age}s" for name, count, age in rows)]
    lines += [f"  {name}: {count} (of the next {SAMPLE} of each queue)" for name, count in types.most_common(20)]
    severity = "bad" if depth > limit else "warn" if depth and growth and growth > 0 and depth > limit / 2 else "ok" if names else "warn"
    return Result(
        finding=finding,
        severity=severity,  # type: ignore[arg-type]
        text="\n".join(lines),
        columns=["queue", "jobs", "oldest, seconds"],
        rows=rows,
        numbers=numbers,
        figure="depth",
        next_step=_next(depth, limit, names),
    )


SAMPLE = 100  # jobs of each queue whose type is looked at


def _queue(client: redis.Redis, place: Place, name: str, now: int, types: Counter[str]) -> list[Any]:
    """Name, length and age of the oldest in seconds. Jobs are pushed left and taken right."""
    key = place.option("queue", QUEUE).replace("{name}", name)
    length, waiting = int(client.llen(key)), client.lrange(key, -SAMPLE, -1)
    reading = client.pipeline(transaction=False)
    for job in waiting:
        reading.hmget(place.option("job", JOB).replace("{id}", str(job)), ["type", "queued_at"])
    jobs: list[Any] = reading.execute() if waiting else []
    types.update(text(kind or "unknown") for kind, _ in jobs)
    began = [float(at) for _, at in jobs if at and at.replace(".", "", 1).isdigit()]
    return [text(name), length, int(now - min(began)) if began else None]


def _growth(place: Place, depth: int) -> float | None:
    """Jobs a minute since the last look; None without one, or when it is less than five seconds ago."""
    last = place.facts.get("numbers", {}).get("depth")
    ago = place.facts.get("seconds_ago", 0)
    return (depth - last) * 60 / ago if last is not None and ago >= 5 else None


def _next(depth: int, limit: int, names: list[str]) -> str:
    if not names:
        return "The set of queues is empty. Name them in the options of the target, or compare with docs/jobs-in-redis.md."
    return "Look for stale jobs, then follow the runbook “Queue depth growing”." if depth > limit else ""


def pages(items: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


STALE_JOBS = Diagnostic(
    slug="stale-jobs",
    title="Stale jobs",
    about="Jobs that have been in processing longer than they should be.",
    icon="hourglass",
    kind="reads",
    needs=("redis",),
    timeout=20,
    parameters=(AGE,),
    probe=stale_jobs,
    on_incident=True,
)
QUEUE_DEPTH = Diagnostic(
    slug="queue-depth",
    title="Queue depth",
    about="How many jobs wait, of which type, how old the oldest is, and whether they grow in number.",
    icon="layers",
    kind="reads",
    needs=("redis",),
    timeout=20,
    parameters=(Whole("limit", "Bad above", default=500, minimum=1, maximum=10_000_000, unit="jobs"),),
    probe=queue_depth,
    on_incident=True,
)
