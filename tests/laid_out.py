"""A test database whose tables are laid out once: on SQLite a file to copy, on PostgreSQL a template of the run's own server.

Half of a short run was Django working through its migrations. SQLite's copy lies in the machine's temporary folder, named after everything
that could change it; a new migration makes a new one.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import django

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("portal", "oncall", "runbooks", "incidents", "postmortems")


def key() -> str:
    """A name that changes with any migration, the locked dependencies and SQLite."""
    seen = hashlib.sha256(f"{django.VERSION}{sqlite3.sqlite_version}".encode())
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("migrations/*.py")]
    for path in [*sorted(files), ROOT / "requirements" / "dev.txt"]:
        seen.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return seen.hexdigest()[:24]


def kept() -> Path:
    return Path(tempfile.gettempdir()) / "standby-test-databases" / f"{key()}.sqlite3"


def lay_out(database: Path) -> bool:
    """Put a copy at `database`. False: there is none yet."""
    if not kept().exists():
        return False
    shutil.copyfile(kept(), database)
    return True


def template(server) -> str:
    """The name of a migrated database on a `servers.Postgres`, for CREATE DATABASE … TEMPLATE."""
    import psycopg2

    with contextlib.closing(psycopg2.connect(server.url())) as admin:
        admin.autocommit = True
        admin.cursor().execute("CREATE DATABASE laid_out")
    environment = {**os.environ, "DATABASE_URL": server.url("laid_out"), "DJANGO_SETTINGS_MODULE": "portal.settings.test"}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], cwd=ROOT, env=environment, check=True)
    return "laid_out"


def keep(database: Path) -> None:
    """Keep a copy of a database that was just made; whoever is later finds one already and leaves it."""
    if kept().exists():
        return
    kept().parent.mkdir(mode=0o700, exist_ok=True)
    beside = kept().with_name(f"{kept().name}.{os.getpid()}")
    with sqlite3.connect(database) as source, sqlite3.connect(beside) as copy:
        source.backup(copy)
    beside.rename(kept())
