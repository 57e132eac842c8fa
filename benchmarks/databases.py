"""Throw-away databases for measurements: SQLite in a temporary folder, PostgreSQL as a cluster of its own. Each in its own process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence

from tests import servers

VARIABLE = "STANDBY_BENCHMARK"


def on_each(module: str, arguments: Sequence[str], *, vendors: Sequence[str] = ("sqlite", "postgresql")) -> dict[str, int]:
    """Run `python -m module ARGUMENTS` once on each database; the exit status of each. PostgreSQL that is not installed is said and left out."""
    found: dict[str, int] = {}
    for vendor in vendors:
        if vendor == "sqlite":
            with tempfile.TemporaryDirectory(prefix="standby-bench-") as folder:
                found[vendor] = _run(module, arguments, vendor, f"sqlite:///{folder}/bench.sqlite3")
            continue
        try:
            with servers.postgres() as server:
                found[vendor] = _run(module, arguments, vendor, server.url())
        except servers.NotInstalled as reason:
            print(f"PostgreSQL is left out: {reason}")
    return found


def _run(module: str, arguments: Sequence[str], vendor: str, url: str) -> int:
    settings = {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "portal.settings.test", VARIABLE: vendor}
    return subprocess.call([sys.executable, "-m", module, *arguments], env={**os.environ, **settings})


def vendor() -> str:
    """Of the child that measures; "" in the parent."""
    return os.environ.get(VARIABLE, "")


def set_up() -> None:
    """In the child: Django, the tables, and the team that runbooks belong to."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from oncall.models import Team

    call_command("migrate", verbosity=0, interactive=False)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
    Team.objects.get_or_create(slug="crew", defaults={"name": "Crew", "is_default": True})
