"""Kill stale jobs, and queue killed ones again: looked at first, then each job compared and changed in one step inside Redis."""

from __future__ import annotations

from typing import Any

import redis

from runbooks.diagnostics.parameters import Whole
from runbooks.diagnostics.places import Place, Trouble
from runbooks.diagnostics.probes.jobs import AGE, JOB, QUEUE, RUNNING, look
from runbooks.diagnostics.probes.redis_client import LAYOUT, connected, text
from runbooks.diagnostics.registry import Act, Diagnostic
from runbooks.diagnostics.results import Result

KILLED = "jobs:killed"  # sorted set: job id by the moment it was killed
AT_MOST = 100
FIELDS = ["state", "type", "queue", "started_at", "heartbeat_at", "worker"]

# Compared and changed at one moment: nothing can happen to the job in between.
KILL = """
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score then return 'it is not in processing any more' end
if tonumber(score) ~= tonumber(ARGV[2]) then return 'it was started again' end
local now = redis.call('TIME')[1]
if tonumber(score) >= tonumber(now) - tonumber(ARGV[5]) then return 'it is not stale any more' end
local job = redis.call('HMGET', KEYS[2], 'state', 'heartbeat_at')
if (job[1] or '') ~= ARGV[3] then return 'its state changed' end
if (job[2] or '') ~= ARGV[4] then return 'it is alive: its heartbeat moved' end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[2], 'state', 'killed', 'killed_at', now)
redis.call('ZADD', KEYS[3], now, ARGV[1])
return 'killed'
"""
REQUEUE = """
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score then return 'it is not among the killed ones any more' end
if tonumber(score) ~= tonumber(ARGV[2]) then return 'it was killed again' end
local job = redis.call('HMGET', KEYS[2], 'state', 'queue')
if (job[1] or '') ~= 'killed' then return 'its state changed' end
if (job[2] or '') ~= ARGV[3] then return 'its queue changed' end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[2], 'state', 'queued', 'queued_at', redis.call('TIME')[1])
redis.call('HDEL', KEYS[2], 'started_at', 'heartbeat_at', 'worker')
redis.call('LPUSH', KEYS[3], ARGV[1])
return 'queued again'
"""


def would_kill(place: Place, parameters: dict[str, Any]) -> Result:
    """Touches nothing: the exact jobs, each with its state, age and last heartbeat."""
    if place.option("running", RUNNING) == "-":
        raise Trouble("Without a sorted set of running jobs nothing can be killed safely", LAYOUT)
    with connected(place) as client:
        seconds, _ = client.time()
        count, _, jobs = look(client, place, before=seconds - parameters["age"], at_most=AT_MOST)
        known = _fields(client, place, [job for job, _ in jobs])
    items: list[dict[str, Any]] = [{"id": job, "score": started, **fields} for (job, started), fields in zip(jobs, known, strict=True)]
    left = f"; {count - len(items):,} more are left for the next round" if count > len(items) else ""
    listed = [f"  - {text(item['id'])}: {int(seconds - item['score'])}s old" for item in items]
    return Result(
        finding=f"Would kill {len(items)} stale jobs{left}",
        severity="warn" if items else "ok",
        text="\n".join([f"Would kill {len(items)} stale jobs{left}", *listed]),
        columns=["job", "age, seconds", "state", "type", "last heartbeat, seconds ago", "worker"],
        rows=[_row(item, seconds) for item in items],
        numbers={"would_kill": len(items), "stale": count},
        next_step="Confirm within two minutes, with a reason." if items else "",
        items=items,
    )


def kill(place: Place, parameters: dict[str, Any], items: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Each job is compared with what was shown: started at the same moment, same state and heartbeat, still stale."""
    with connected(place) as client:
        script = client.register_script(KILL)
        running, killed = place.option("running", RUNNING), place.option("killed", KILLED)
        return [
            _outcome(
                script(
                    keys=[running, _job(place, item["id"]), killed],
                    args=[item["id"], repr(item["score"]), item["state"], item["heartbeat_at"], parameters["age"]],
                ),
                item,
                "killed",
            )
            for item in items[:AT_MOST]
        ]


def would_requeue(place: Place, parameters: dict[str, Any]) -> Result:
    """Jobs that were killed within `within` seconds, newest first."""
    with connected(place) as client:
        seconds, _ = client.time()
        found: Any = client.zrevrangebyscore(
            place.option("killed", KILLED), "+inf", seconds - parameters["within"], start=0, num=AT_MOST, withscores=True
        )
        known = _fields(client, place, [job for job, _ in found])
    items: list[dict[str, Any]] = [
        {"id": job, "score": killed, **fields} for (job, killed), fields in zip(found, known, strict=True) if fields["queue"]
    ]
    lines = [f"  - {text(item['id'])}: killed {int(seconds - item['score'])}s ago, queue {text(item['queue'])}" for item in items]
    homeless = len(found) - len(items)
    return Result(
        finding=f"Would queue {len(items)} killed jobs again" + (f"; {homeless} name no queue and stay" if homeless else ""),
        severity="warn" if items else "ok",
        text="\n".join([f"Would queue {len(items)} killed jobs again", *lines]),
        columns=["job", "killed, seconds ago", "queue", "type"],
        rows=[[text(i["id"]), int(seconds - i["score"]), text(i["queue"]), text(i["type"])] for i in items],
        numbers={"would_queue": len(items)},
        next_step="Confirm within two minutes, with a reason." if items else "",
        items=items,
    )


def requeue(place: Place, parameters: dict[str, Any], items: list[dict[str, Any]]) -> list[dict[str, str]]:
    with connected(place) as client:
        script, killed = client.register_script(REQUEUE), place.option("killed", KILLED)
        return [
            _outcome(
                script(
                    keys=[killed, _job(place, item["id"]), place.option("queue", QUEUE).replace("{name}", item["queue"])],
                    args=[item["id"], repr(item["score"]), item["queue"]],
                ),
                item,
                "queued again",
            )
            for item in items[:AT_MOST]
        ]


def _job(place: Place, job: str) -> str:
    return place.option("job", JOB).replace("{id}", job)


def _fields(client: redis.Redis, place: Place, jobs: list[str]) -> list[dict[str, str]]:
    """What each hash says; "" for what it does not."""
    reading = client.pipeline(transaction=False)
    for job in jobs:
        reading.hmget(_job(place, job), FIELDS)
    answers: list[Any] = reading.execute() if jobs else []
    return [{name: value or "" for name, value in zip(FIELDS, values, strict=True)} for values in answers]


def _row(item: dict[str, Any], now: int) -> list[Any]:
    beat = item["heartbeat_at"]
    ago = int(now - float(beat)) if beat.replace(".", "", 1).isdigit() else None
    return [text(item["id"]), int(now - item["score"]), text(item["state"]), text(item["type"]), ago, text(item["worker"])]


def _outcome(answer: str, item: dict[str, Any], word: str) -> dict[str, str]:
    return {"id": item["id"], "outcome": word} if answer == word else {"id": item["id"], "outcome": "skipped", "why": answer}


KILL_STALE = Diagnostic(
    slug="kill-stale",
    title="Kill stale jobs",
    about="Takes jobs that are in processing for too long out of it. They can be queued again.",
    icon="trash-2",
    kind="changes",
    needs=("redis",),
    timeout=20,
    parameters=(AGE,),
    probe=would_kill,
    act=Act("killed", "Kill", "job", kill, lambda count: f"Killed {count} stale jobs"),
)
REQUEUE_KILLED = Diagnostic(
    slug="requeue-killed",
    title="Queue killed jobs again",
    about="Puts jobs that were killed here back into the queue they came from.",
    icon="history",
    kind="changes",
    needs=("redis",),
    timeout=20,
    parameters=(Whole("within", "Killed within the last", default=3600, minimum=1, maximum=30 * 86_400, unit="seconds"),),
    probe=would_requeue,
    act=Act("queued again", "Queue again", "job", requeue, lambda count: f"Queued {count} killed jobs again"),
)
