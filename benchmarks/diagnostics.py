"""Diagnostics beside their peers: error patterns of a large log, stale jobs among a million.

`python -m benchmarks.diagnostics [--quick]`: 10,000,000 lines and 1,000,000 jobs (1,000,000 and 100,000), through the product's own code.
Contestants take turns; medians of three. Exit 1 where a limit is missed:

- errors of the last hour and of the last twelve: the same types and counts as awk with the window, at least 2 × its speed; of any window:
  at most 40 MB above the process before the first line
- a log that is not in order of time: noticed, and the same types and counts as awk
- stale jobs by the sorted set: at least 100 × faster than SCAN and pipelined HMGET; by steps of a script at least 3 ×
- no call of ours keeps Redis busy for more than 20 ms (its own slow log is asked; the quietest of three rounds, for its clock runs on
  while others have the processor)

awk reads the whole file and knows only this one layout of lines; ours finds the window by bisection and knows levels and types of other layouts.
The other peers and what they do more or less: `benchmarks/log_peers.py`. `grep` has no window and counts
lines of other levels too. SCAN needs no sorted set; one script call blocks Redis as long as it lasts.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import redis

from benchmarks import log_peers
from runbooks.diagnostics.places import Place
from runbooks.diagnostics.probes import jobs
from runbooks.diagnostics.probes.redis_client import connected
from tests import servers

ROUNDS = 3
KINDS = ["APITimeoutError"] * 54 + ["RateLimitError"] * 31 + ["ValidationError"] * 15
SPEED, MEMORY, BY_SET, BY_STEPS, BUSY = 2.0, 40.0, 100.0, 3.0, 20.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    missed = errors(1_000_000 if quick else 10_000_000)
    templates(50_000 if quick else 200_000)
    missed += stale(100_000 if quick else 1_000_000)
    print("\nmissed: " + "; ".join(missed) if missed else "\nevery limit is kept")
    return 1 if missed else 0


def row(*cells: object) -> None:
    print("  ".join(f"{cell!s:>{width}}" for cell, width in zip(cells, (44, 10, 10, 14, 12), strict=False)), flush=True)


def write_log(path: Path, number: int, *, now: datetime) -> None:
    """A day of lines that ends now, one in twelve an error; INFO lines hold the word ERROR now and then."""
    chance, began = random.Random(7), now - timedelta(days=1)
    tails = [f"request {chance.randrange(10**9)} of tenant {chance.randrange(500)} took {chance.random():.3f} s" for _ in range(4096)]
    with path.open("w", buffering=1 << 20) as file:
        for second in range(86_400):
            stamp = (began + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S")
            lines = []
            for n in range(number * second // 86_400, number * (second + 1) // 86_400):
                tail = tails[n & 4095]
                if n % 12 == 0:
                    lines.append(f"{stamp}Z ERROR agent.run {KINDS[n // 12 % 100]}: {tail}\n")
                elif n % 501 == 0:
                    lines.append(f"{stamp}Z INFO agent.run handled ERROR of the provider: {tail}\n")
                else:
                    lines.append(f"{stamp}Z INFO agent.run answered: {tail}\n")
            file.writelines(lines)


def displaced(path: Path, to: Path) -> None:
    """The same lines with two stretches of the file exchanged, as after files were joined in the wrong order."""
    size = path.stat().st_size
    with path.open("rb") as file, to.open("wb") as out:
        cuts = [0]
        for share in (0.3, 0.96):
            file.seek(int(size * share))
            file.readline()
            cuts.append(file.tell())
        for begin, end in ((cuts[2], size), (cuts[1], cuts[2]), (0, cuts[1])):
            file.seek(begin)
            left = end - begin
            while left:
                part = file.read(min(left, 1 << 22))
                out.write(part)
                left -= len(part)


def errors(number: int) -> list[str]:
    missed = []
    with tempfile.TemporaryDirectory(prefix="standby-bench-") as folder:
        path, mixed = Path(folder) / "agent.log", Path(folder) / "mixed.log"
        now = datetime.now(UTC).replace(microsecond=0)
        write_log(path, number, now=now)
        print(f"\nErrors by type, {number:,} lines, {path.stat().st_size / 1e6:,.0f} MB, a day of which the window is the end")
        row("", "seconds", "times awk", "MB above", "same counts")
        for name, hours in (("last hour", 1), ("last 12 hours", 12), ("the whole day", 25)):
            missed += _window(path, name, hours, number)
        displaced(path, mixed)
        missed += _out_of_order(mixed)
    return missed


def _window(path: Path, name: str, hours: int, number: int) -> list[str]:
    """One window, contestants in turn. The whole day is not judged by speed: without a window there is nothing to leave out."""
    told: dict[str, list[log_peers.Told]] = {}
    same = True
    for round in range(ROUNDS):
        for peer in ("ours", "awk", "polars", "duckdb", *(["Python, re a line"] if hours == 1 and round == 0 else [])):
            asked = datetime.now(UTC)
            answer = log_peers.ask(peer, path, asked.replace(microsecond=0) - timedelta(hours=hours), asked + timedelta(minutes=1))
            if answer:
                told.setdefault(peer, []).append(answer)
        same = same and _same(told["ours"][-1].counts, told["awk"][-1].counts, number)
    seconds = {peer: statistics.median(answer.seconds for answer in answers) for peer, answers in told.items()}
    for peer, took in seconds.items():
        grown = max(answer.grown for answer in told[peer])
        row(f"{peer}, {name}", f"{took:.3f}", f"{seconds['awk'] / took:.1f}", f"{grown:.1f}" if grown else "", _yes(same) if peer == "ours" else "")
    for missing in {"polars", "duckdb"} - set(told):
        row(f"{missing}, {name}", "not installed", "", "", "")
    if hours == 1:
        row("grep | cut | sort | uniq -c, no window", f"{statistics.median(log_peers.grep(path) for _ in range(ROUNDS)):.3f}", "", "", "")
    fast, grown = seconds["awk"] / seconds["ours"], max(answer.grown for answer in told["ours"])
    missed = [f"{name}: {fast:.1f} x awk, at least {SPEED}"] if fast < SPEED and hours <= 12 else []
    missed += [f"{grown:.0f} MB above, at most {MEMORY:.0f}"] if grown > MEMORY else []
    return missed + ([] if same else [f"counts of {name} differ from awk's"])


def _yes(same: bool) -> str:
    return "yes" if same else "NO"


def _same(ours: dict[str, int], theirs: dict[str, int], number: int) -> bool:
    """Equal but for the lines of the two seconds that pass between the two questions: the windows are cut at each one's own second."""
    leeway = max(2, 2 * number // 86_400)
    return set(ours) == set(theirs) and all(abs(ours[kind] - theirs[kind]) <= leeway for kind in ours)


def _out_of_order(path: Path) -> list[str]:
    asked = datetime.now(UTC)
    since, until = asked.replace(microsecond=0) - timedelta(hours=1), asked + timedelta(minutes=1)
    ours, theirs = (log_peers.ask(peer, path, since, until) for peer in ("ours", "awk"))
    assert ours and theirs
    same = _same(ours.counts, theirs.counts, 10_000_000)
    row("ours, out of order, last hour", f"{ours.seconds:.3f}", f"{theirs.seconds / ours.seconds:.1f}", f"{ours.grown:.1f}", _yes(same))
    row("awk, out of order", f"{theirs.seconds:.3f}", "1.0", "", "")
    noticed = "not in order of time" in ours.finding
    return ([] if noticed else ["disorder was not noticed"]) + ([] if same else ["out of order: counts differ from awk's"])


def templates(number: int) -> None:
    """Not judged: the two do not find the same templates."""
    rates = log_peers.templates(number)
    print(f"\nTemplates mined from {number:,} messages")
    row("", "a CPU second")
    row("ours, masked and counted first", f"{rates['ours']:,.0f}")
    row("drain3, every message", f"{rates['theirs']:,.0f}" if rates["theirs"] else "not installed")


def fill(client: redis.Redis, number: int) -> None:
    """A hash for each job, one in five running, and the sorted set of those; one in ten of them is stale."""
    now = client.time()[0]
    for begin in range(0, number, 5000):
        pipe = client.pipeline(transaction=False)
        running = {}
        for n in range(begin, begin + 5000):
            age = 400 + n % 1000 if n % 50 == 0 else n % 200
            pipe.hset(f"job:{n}", mapping={"state": "running" if n % 5 == 0 else "done", "started_at": now - age, "type": "reply"})
            if n % 5 == 0:
                running[str(n)] = now - age
        pipe.zadd("jobs:running", running)
        pipe.execute()


def scan(client: redis.Redis, before: float) -> int:
    """The peer: SCAN 1000 and pipelined HMGET."""
    cursor, found = 0, 0
    while True:
        cursor, keys = client.scan(cursor, match="job:*", count=1000)
        pipe = client.pipeline(transaction=False)
        for key in keys:
            pipe.hmget(key, "state", "started_at")
        found += sum(state == "running" and float(at) < before for state, at in pipe.execute())
        if cursor == 0:
            return found


ONE_CALL = """
local cursor, found = '0', 0
repeat
  local page = redis.call('SCAN', cursor, 'MATCH', 'job:*', 'COUNT', 1000)
  cursor = page[1]
  for _, key in ipairs(page[2]) do
    local job = redis.call('HMGET', key, 'state', 'started_at')
    if job[1] == 'running' and tonumber(job[2]) < tonumber(ARGV[1]) then found = found + 1 end
  end
until cursor == '0'
return found
"""


def stale(number: int) -> list[str]:
    server, missed = servers.Redis(), list[str]()
    try:
        with redis.Redis(port=server.port, decode_responses=True, socket_timeout=None) as client:  # the one call may take long
            fill(client, number)
            by_set = Place(name="jobs", kind="redis", host="127.0.0.1", port=server.port)
            by_steps = Place(name="jobs", kind="redis", host="127.0.0.1", port=server.port, options={"running": "-"})
            before = client.time()[0] - 300
            contestants: dict[str, Callable[[], int]] = {
                "ours, the sorted set": lambda: _ours(by_set, before),
                "ours, steps of a script": lambda: _ours(by_steps, before),
                "SCAN 1000 + pipelined HMGET": lambda: scan(client, before),
                "one script call": lambda: int(client.eval(ONE_CALL, 0, before)),
            }
            print(f"\nStale jobs, {number:,} jobs, one in five running, {number // 50:,} stale")
            row("", "seconds", "times SCAN", "longest, ms", "found")
            told = _turns(client, contestants)
            slow = statistics.median(told["SCAN 1000 + pipelined HMGET"][0])
            for name, (times, busy, found) in told.items():
                row(name, f"{statistics.median(times):.4f}", f"{slow / statistics.median(times):.1f}", f"{busy:.1f}", found)
                if name.startswith("ours") and busy > BUSY:
                    missed.append(f"{name} kept Redis busy for {busy:.0f} ms, at most {BUSY:.0f}")
            for name, limit in (("ours, the sorted set", BY_SET), ("ours, steps of a script", BY_STEPS)):
                if slow / statistics.median(told[name][0]) < limit:
                    missed.append(f"{name}: {slow / statistics.median(told[name][0]):.1f} x SCAN, at least {limit:.0f}")
            if len({found for _, _, found in told.values()}) != 1:
                missed.append("the contestants found different numbers")
    finally:
        server.close()
    return missed


def _ours(place: Place, before: float) -> int:
    with connected(place) as client:
        return jobs.look(client, place, before=before)[0]


def _turns(client: redis.Redis, contestants: dict[str, Callable[[], int]]) -> dict[str, tuple[list[float], float, Any]]:
    """Seconds of each round, the longest single command of the quietest one by Redis's own slow log in ms, and what was found."""
    client.config_set("slowlog-log-slower-than", 500)  # microseconds
    client.config_set("slowlog-max-len", 10_000)
    client.config_set("busy-reply-threshold", 0)  # the one call may take longer than five seconds; the others wait for it
    told: dict[str, tuple[list[float], float, Any]] = {name: ([], float("inf"), None) for name in contestants}
    for _ in range(ROUNDS):
        for name, ask in contestants.items():
            client.slowlog_reset()
            began = time.perf_counter()
            found = ask()
            took = time.perf_counter() - began
            longest = max((entry["duration"] for entry in client.slowlog_get(10_000)), default=500) / 1000
            told[name] = ([*told[name][0], took], min(told[name][1], longest), found)
    return told


if __name__ == "__main__":
    sys.exit(main())
