"""`manage.py restore SOURCE`: bring a copy back into an empty database. Nothing is sent until `manage.py sending on`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import clock, restoring
from portal.errors import DomainError


class Command(BaseCommand):
    help = "Bring the copy SOURCE (or the newest below it) back into the configured database, which must be empty."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            manifest = restoring.restore(options["source"].absolute(), at=clock.now())
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"Restored {manifest.rows} rows in {len(manifest.tables)} tables and {len(manifest.media)} files, all equal to the copy.")
        self.stdout.write("Sending is off: nobody is paged by this database yet. Look at it, then run: manage.py sending on")
