"""What the single-machine installation costs: memory of everything that `make run` starts, and its processor while nobody asks.

`python -m benchmarks.embedded [--quick]` starts `manage.py up` in an empty folder on a free port, signs in, reads pages, then leaves it alone.
Memory is the sum of PSS (shared pages counted once), processor the time of all its processes over the idle stretch.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx

from tests.servers import free_port

MOST_MEMORY, MOST_CPU = 350.0, 2.0  # MB, % of one core
PAGES = ("/", "/incidents/", "/runbooks/", "/runbooks/high-error-rate/", "/oncall/", "/admin/", "/search/?q=pod+restarting", "/first-steps/")
STARTED_WITHIN = 120  # seconds


def family(root: int) -> list[int]:
    """The process and all that descend from it."""
    parents = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            parents[int(pid)] = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found, new = [], [root]
    while new:
        found += new
        new = [pid for pid, parent in parents.items() if parent in new]
    return found


def memory(pid: int) -> float:
    """PSS in MB."""
    return int(re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)[1]) / 1024


def seconds(pid: int) -> float:
    """Processor time so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def name(pid: int) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    return " ".join(word for word in words[1:] if word and not word.startswith("/"))[:60]


def start(folder: str, port: int) -> tuple[subprocess.Popen, str]:
    """The running installation and its administrator's one-time password."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PORTAL_", "DATABASE_URL", "DJANGO_"))}
    environment = {**kept, "PORTAL_DATA_DIR": folder, "PORTAL_PORT": str(port), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    )
    password = ""
    for line in process.stdout:
        password = line.split()[-1] if "Password" in line else password
        if "Standby runs at" in line:
            break
    threading.Thread(target=process.stdout.read, daemon=True).start()
    return process, password


def read_pages(port: int, password: str) -> None:
    """Sign in and open each page three times, so that what is loaded late is loaded. Raises where an answer is not 200."""
    with httpx.Client(base_url=f"http://localhost:{port}", follow_redirects=True, timeout=30) as client:
        deadline = time.monotonic() + STARTED_WITHIN
        while True:
            try:
                client.get("/healthz").raise_for_status()
                break
            except httpx.HTTPError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.3)
        page = client.get("/accounts/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[1]
        form = {"csrfmiddlewaretoken": token, "login": "admin@standby.local", "password": password}
        client.post("/accounts/login/", data=form, headers={"Referer": str(page.url)}).raise_for_status()
        for _ in range(3):
            for address in PAGES:
                client.get(address).raise_for_status()


def main() -> int:
    idle = 20 if "--quick" in sys.argv else 90  # seconds
    with tempfile.TemporaryDirectory(prefix="standby-bench-") as folder:
        port = free_port()
        process, password = start(folder, port)
        try:
            read_pages(port, password)
            time.sleep(5)
            held = {pid: (name(pid), memory(pid)) for pid in family(process.pid)}  # right after use, when it is most
            before, began = {pid: seconds(pid) for pid in held}, time.monotonic()
            time.sleep(idle)
            spent = time.monotonic() - began
            left = set(family(process.pid))  # the formatter's child goes home when nobody needs it
            used = {pid: 100 * (seconds(pid) - before.get(pid, 0.0)) / spent for pid in left}
            rows = [(what, size, used.get(pid, 0.0)) for pid, (what, size) in held.items()]
            rows += [(name(pid), 0.0, used[pid]) for pid in left - set(held)]
        finally:
            process.terminate()
            process.wait(30)
    print(f"{'process':<62}{'PSS MB':>8}{'idle %':>8}")
    for what, held, busy in rows:
        print(f"{what:<62}{held:>8.1f}{busy:>8.2f}")
    held, busy = sum(row[1] for row in rows), sum(row[2] for row in rows)
    print(f"{'everything':<62}{held:>8.1f}{busy:>8.2f}   limits {MOST_MEMORY:.0f} MB, {MOST_CPU:.0f} % of a core; idle for {spent:.0f} s")
    return int(held >= MOST_MEMORY or busy >= MOST_CPU)


if __name__ == "__main__":
    sys.exit(main())
