"""Other ways to count the errors of a log by type, each in a process of its own: what they take, and how much memory they add.

polars, duckdb and drain3 are no part of the product: `uv pip install --group bench`. Those that are missing are said to be.
They read whole files and know one layout of lines, and polars and duckdb use every core; ours enters the window by bisection,
uses one, and knows the levels of other layouts too.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

AWK = """$1 >= a && $1 < b && ($2 == "ERROR" || $2 == "CRITICAL") { sub(/:$/, "", $4); n[$4]++ } END { for (k in n) print k, n[k] }"""
MEASURE = """
import json, sys, time
path, since, until, window = sys.argv[1:]
def kilobytes(name):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(name))
def measured(ask):
    before = kilobytes("VmRSS")
    open("/proc/self/clear_refs", "w").write("5")
    began = time.perf_counter()
    counts, *told = ask()
    took = time.perf_counter() - began
    print(json.dumps([took, (kilobytes("VmHWM") - before) / 1024, dict(counts), *told]))
"""
OURS = """
from runbooks.diagnostics.places import Place
from runbooks.diagnostics.probes import logs
def ask():
    found = logs.errors(Place(name="log", kind="log", path=path), {"window": int(window), "top": 100})
    return [(row["type"], row["count"]) for row in found.document["top_errors"]], found.finding
measured(ask)
"""
POLARS = r"""
import polars
def ask():
    line = polars.col("line")
    stamp, named = line.str.head(20), line.str.extract(r"^\S+ \S+ \S+ ([^ :]+)", 1)
    read = polars.scan_csv(path, has_header=False, separator="\x01", quote_char=None, schema={"line": polars.String})
    wanted = read.filter((stamp >= since) & (stamp < until) & line.str.contains(r"^\S+ (?:ERROR|CRITICAL) "))
    return (wanted.select(named.alias("kind")).group_by("kind").len().collect(engine="streaming").rows(),)
measured(ask)
"""
DUCKDB = r"""
import duckdb
QUERY = '''SELECT regexp_extract(line, '^\\S+ \\S+ \\S+ ([^ :]+)', 1) AS kind, count(*)
FROM read_csv(?, columns={'line': 'VARCHAR'}, header=false, delim=chr(1), quote='', escape='', auto_detect=false)
WHERE line[:20] >= ? AND line[:20] < ? AND regexp_matches(line, '^\\S+ (ERROR|CRITICAL) ') GROUP BY kind'''
def ask():
    server = duckdb.connect()
    server.execute("SET enable_progress_bar = false")
    return (server.execute(QUERY, [path, since, until]).fetchall(),)
measured(ask)
"""
EACH_LINE = r"""
import re
from collections import Counter
ERROR = re.compile(rb"(\S+) (?:ERROR|CRITICAL) \S+ ([^ :]+)")
def ask():
    counts, first, last = Counter(), since.encode(), until.encode()
    with open(path, "rb", buffering=1 << 20) as file:
        for line in file:
            found = ERROR.match(line)
            if found and first <= found[1] < last:
                counts[found[2].decode()] += 1
    return (counts,)
measured(ask)
"""
TEMPLATES = """
import json, random, sys, time
from collections import Counter
sys.stderr = open("/dev/null", "w")
from runbooks.diagnostics.probes import log_templates
chance = random.Random(3)
kinds = ["upstream {} refused after {} s", "no column {} in table {}", "tenant {} over its limit of {} a minute", "job {} lost by worker {}"]
lines = [chance.choice(kinds).format(chance.randrange(10**6), chance.randrange(10**4)) for _ in range(int(sys.argv[1]))]
def ours():
    return len(log_templates.mined(Counter(map(log_templates.masked, lines))))
def theirs():
    from drain3 import TemplateMiner
    miner = TemplateMiner()
    for line in lines:
        miner.add_log_message(line)
    return len(miner.drain.clusters)
told = []
for ask in (ours, theirs):
    began = time.process_time()
    try:
        told.append([len(lines) / (ask(), time.process_time() - began)[1], ask.__name__])
    except ImportError:
        told.append([None, ask.__name__])
print(json.dumps(told))
"""
SCRIPTS = {"ours": OURS, "polars": POLARS, "duckdb": DUCKDB, "Python, re a line": EACH_LINE}


@dataclass(frozen=True, slots=True)
class Told:
    """seconds, megabytes above the process before the first line (0 for awk: its own are not asked), counts by type, and the finding of ours."""

    seconds: float
    grown: float
    counts: dict[str, int]
    finding: str = ""


def ask(name: str, path: Path, since: datetime, until: datetime) -> Told | None:
    """None: it is not installed."""
    if name == "awk":
        return awk(path, since, until)
    window = str(int((until - since - timedelta(minutes=1)).total_seconds()))
    bounds = [f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in (since, until)]
    done = subprocess.run([sys.executable, "-c", MEASURE + SCRIPTS[name], str(path), *bounds, window], capture_output=True, text=True)
    if "ModuleNotFoundError" in done.stderr:
        return None
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr[-800:]}")
    return Told(*json.loads(done.stdout))


def awk(path: Path, since: datetime, until: datetime) -> Told:
    began = time.perf_counter()
    bounds = [f"{name}={moment:%Y-%m-%dT%H:%M:%SZ}" for name, moment in (("a", since), ("b", until))]
    done = subprocess.run(["awk", "-v", bounds[0], "-v", bounds[1], AWK, str(path)], capture_output=True, text=True, check=True)
    took = time.perf_counter() - began
    return Told(took, 0.0, {kind: int(count) for kind, count in (line.split() for line in done.stdout.splitlines())})


def grep(path: Path) -> float:
    """Seconds of the one everybody types."""
    began = time.perf_counter()
    subprocess.run(f"grep ERROR '{path}' | cut -d' ' -f4 | sort | uniq -c", shell=True, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def templates(number: int) -> dict[str, float | None]:
    """Messages a second of processor time: ours (masked, counted, then brought together) and drain3's; None where it is not installed."""
    done = subprocess.run([sys.executable, "-c", TEMPLATES, str(number)], capture_output=True, text=True, check=True)
    return {name: rate for rate, name in json.loads(done.stdout)}
