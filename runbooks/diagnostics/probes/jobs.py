"""Stale jobs: in processing for longer than they should be. docs/jobs-in-redis.md describes the layout that is read."""

from __future__ import annotations

from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from runbooks.diagnostics.redaction import secret_of
from runbooks.diagnostics.registry import Diagnostic, Parameter, Result
from runbooks.models import Target

RUNNING = "jobs:running"  # sorted set: job id by the moment it started, in seconds since 1970
WAIT = 2.0  # seconds for each answer of Redis
AT_MOST = 10_000  # jobs listed
IN_ROWS = 200


def connect(target: Target) -> redis.Redis:
    """A client that waits 2 s at most for any answer. Opens no connection yet."""
    return redis.Redis(
        host=target.host,
        port=target.port,
        db=target.database,
        username=target.username or None,
        password=secret_of(target.password_variable) or None,
        ssl=target.uses_tls,
        socket_timeout=WAIT,
        socket_connect_timeout=WAIT,
        decode_responses=True,
        encoding_errors="replace",
        retry=Retry(NoBackoff(), 0),
    )


def stale_jobs(target: Target, parameters: dict[str, int]) -> Result:
    """Jobs in processing for more than `age` seconds, by the clock of Redis, oldest first."""
    try:
        with connect(target) as client:
            seconds, _ = client.time()
            key = str(target.options.get("running", RUNNING))
            found: Any = client.zrangebyscore(key, "-inf", f"({seconds - parameters['age']}", start=0, num=AT_MOST, withscores=True)
            running = int(client.zcard(key))
    except redis.RedisError as trouble:
        return unreachable(target, trouble)
    jobs = [(job, int(seconds - started)) for job, started in found]
    lines = [f"Found {len(jobs)} stale jobs:" if jobs else "Found 0 stale jobs", *(f"  - {job}: {age}s old" for job, age in jobs)]
    return Result(
        finding=f"{len(jobs)} stale {'job' if len(jobs) == 1 else 'jobs'} of {running} in processing",
        severity="bad" if jobs else "ok",
        text="\n".join(lines),
        columns=["job", "age, seconds"],
        rows=[[job, age] for job, age in jobs[:IN_ROWS]],
        numbers={"stale": len(jobs), "running": running, "oldest_seconds": jobs[0][1] if jobs else 0},
        next_step="See which worker holds them before anything is killed: runbook “Queue depth growing”." if jobs else "",
    )


def unreachable(target: Target, trouble: redis.RedisError) -> Result:
    """Trouble of Redis as a finding, in our words: its own may hold addresses or passwords."""
    if isinstance(trouble, redis.TimeoutError):
        what = f"Redis “{target}” did not answer within {WAIT:.0f} s"
    elif isinstance(trouble, redis.AuthenticationError):
        what = f"Redis “{target}” refused the password"
    elif isinstance(trouble, redis.ConnectionError):
        what = f"Redis “{target}” refused the connection"
    elif isinstance(trouble, redis.ResponseError):
        what = f"Redis “{target}” holds the jobs in another layout than expected"
    else:
        what = f"Redis “{target}” could not be read"
    step = (
        "Follow the runbook “Redis down”."
        if not isinstance(trouble, redis.ResponseError)
        else "Compare the target's options with docs/jobs-in-redis.md."
    )
    return Result(finding=what, severity="bad", text=f"{what}. {step}", next_step=step)


STALE_JOBS = Diagnostic(
    slug="stale-jobs",
    title="Stale jobs",
    about="Jobs that have been in processing longer than they should be.",
    icon="hourglass",
    kind="reads",
    target_kind=Target.Kind.REDIS,
    timeout=10,
    parameters=(Parameter("age", "Older than", default=300, minimum=1, maximum=30 * 86_400, unit="seconds"),),
    probe=stale_jobs,
)
