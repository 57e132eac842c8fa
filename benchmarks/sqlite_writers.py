"""Eight processes write one SQLite database: how many transactions are lost to "database is locked".

`python -m benchmarks.sqlite_writers [--quick]`: each reads a row, adds one and writes it back, through Django, 1,000 times (200). The product's
options stand beside Django's own defaults and beside WAL alone, in one run. Exit 1 if the product loses a single one.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WRITERS = 8
OPTIONS = {
    "Standby's options": None,  # portal.settings.base as it is
    "Django's defaults": {},
    "write-ahead log alone": {"init_command": "PRAGMA journal_mode=WAL;"},
}
WORK = """
import json, os, sys
import django
from django.conf import settings
options = json.loads(os.environ["BENCH_OPTIONS"])
if options is not None:
    settings.DATABASES["default"]["OPTIONS"] = options
django.setup()
from django.db import OperationalError, transaction
from portal.models import Tally
locked = 0
for _ in range(int(sys.argv[1])):
    try:
        with transaction.atomic():
            row = Tally.objects.get(name="bench")
            row.amount += 1
            row.save()
    except OperationalError:
        locked += 1
print(locked)
"""


def contest(options: dict | None, times: int) -> tuple[int, int, float]:
    """(committed, locked, seconds) of all writers together. Committed is read from the database afterwards."""
    with tempfile.TemporaryDirectory(prefix="standby-bench-") as folder:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PORTAL_", "DATABASE_URL", "DJANGO_"))}
        environment = {**kept, "PORTAL_DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "portal.settings.base", "BENCH_OPTIONS": json.dumps(options)}
        subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], env=environment, check=True)
        file = Path(folder) / "standby.sqlite3"
        with sqlite3.connect(file) as link:
            link.execute("INSERT INTO portal_tally (name, amount) VALUES ('bench', 0)")
            if options == {}:
                link.execute("PRAGMA journal_mode=DELETE")
        link.close()
        started = time.monotonic()
        command = [sys.executable, "-c", WORK, str(times)]
        writers = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(WRITERS)]
        locked = sum(int(writer.communicate()[0]) for writer in writers)
        took = time.monotonic() - started
        link = sqlite3.connect(file)
        [(committed,)] = link.execute("SELECT amount FROM portal_tally WHERE name = 'bench'").fetchall()
        link.close()
        return int(committed), locked, took


def main() -> int:
    times = 200 if "--quick" in sys.argv else 1000
    print(f"{'options':<26}{'committed':>10}{'locked':>8}{'seconds':>9}   of {WRITERS} x {times}")
    lost = 0
    for name, options in OPTIONS.items():
        committed, locked, took = contest(options, times)
        print(f"{name:<26}{committed:>10}{locked:>8}{took:>9.1f}", flush=True)
        if options is None:
            lost = WRITERS * times - committed
    return int(lost != 0)


if __name__ == "__main__":
    sys.exit(main())
