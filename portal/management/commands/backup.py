"""`manage.py backup TARGET`: database, files and a manifest, while everything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import backup, clock
from portal.errors import DomainError


class Command(BaseCommand):
    help = "Copy the database and the uploaded files into a new folder below TARGET. Secret keys are not copied."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("target", type=Path)
        parser.add_argument("--keep", type=int, default=0, metavar="N", help="delete all but the newest N copies (default: keep all)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            folder, manifest = backup.back_up(options["target"].absolute(), at=clock.now(), keep=options["keep"])
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{folder}: {manifest.rows} rows in {len(manifest.tables)} tables, {len(manifest.media)} files")
