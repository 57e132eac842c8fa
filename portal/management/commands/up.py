"""`manage.py up`: the whole portal on this machine under one command; Ctrl-C stops all of it. Running it again changes nothing.

With `--prepare` it only migrates and seeds: the first step of every deployment.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connection

from portal import clock, seeding
from portal.accounts.first import first_administrator
from portal.markdown import worker as worker_of_markdown

MIGRATE_TRIES, LOCK_TIMEOUT = 10, "2s"  # an ALTER that waits behind a long reader would hold every webhook behind itself


class Command(BaseCommand):
    help = "Migrate, seed and run web and worker on this machine. Ctrl-C stops all of it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--prepare", action="store_true", help="only migrate, collect static files and seed")

    def handle(self, *args: Any, **options: Any) -> None:
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
        if not options["prepare"]:
            self._port_is_free()
        self._migrate()
        call_command("collectstatic", interactive=False, verbosity=0)
        if settings.CACHES["default"]["BACKEND"].endswith("DatabaseCache"):
            call_command("createcachetable", verbosity=0)
        first = first_administrator()
        for name, made in seeding.seed(clock.now()).items():
            if made:
                self.stdout.write(f"Seeded {name}: {made}")
        if first:
            user, password = first
            self.stdout.write(f"\n  Sign in as  {user.email}\n  Password    {password}\n  It is shown only now. Change it under Admin.")
            self.stdout.write(f"  What to do next: {settings.BASE_URL}/first-steps/\n")
        if options["prepare"]:
            return
        settings.PORT_FILE.write_text(str(settings.PORT))
        self.stdout.write(f"Standby runs at {settings.BASE_URL} (Ctrl-C stops it)")
        self.stdout.flush()
        self._become_supervisor()

    def _port_is_free(self) -> None:
        with socket.socket() as probe:  # noqa: TID251  (binds, never connects)
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("0.0.0.0", settings.PORT))  # noqa: S104  (only asks)
            except OSError as taken:
                raise CommandError(f"Port {settings.PORT} is in use. Stop what uses it, or choose another: PORTAL_PORT=8001 make run") from taken

    def _migrate(self) -> None:
        for left in reversed(range(MIGRATE_TRIES)):
            try:
                if connection.vendor == "postgresql":
                    with connection.cursor() as cursor:
                        cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
                        cursor.execute("SET statement_timeout = 0")
                call_command("migrate", interactive=False, verbosity=0)
                return
            except OperationalError as trouble:
                if not left:
                    raise CommandError(f"The database cannot be migrated: {trouble}") from trouble
                connection.close()
                time.sleep(1)

    def _become_supervisor(self) -> None:
        """Replaces this process, so that its memory is given back."""
        python = sys.executable
        bind = os.environ.get("PORTAL_BIND", "127.0.0.1")
        web = [python, "-m", "gunicorn", "portal.wsgi", "--bind", f"{bind}:{settings.PORT}", "--worker-class", "gthread", "--threads", "8"]
        web += ["--workers", "1", "--log-level", "warning", "--keep-alive", "15", "--no-control-socket"]
        worker = [python, "-m", "portal.embedded"]
        connection.close()
        worker_of_markdown.close()
        os.execv(python, [python, "-m", "portal.supervisor", "--", *web, "--", *worker])  # noqa: S606  (our own commands)
