"""`manage.py restore_drill TARGET`: prove that the newest copy can be restored. Touches nothing that runs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import clock, restoring
from portal.errors import DomainError
from portal.web.moments import duration


class Command(BaseCommand):
    help = "Restore the newest copy in TARGET into a database of its own, compare it, draw pages on it, throw it away."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("target", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            proof = restoring.drill(options["target"].absolute(), at=clock.now())
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        made = datetime.fromisoformat(proof.manifest.made_at)
        self.stdout.write(f"copy         {proof.folder}, made {made:%Y-%m-%d %H:%M} UTC")
        self.stdout.write(f"tables       {len(proof.manifest.tables)} with {proof.manifest.rows} rows, {len(proof.manifest.media)} files")
        for address, size in proof.pages.items():
            self.stdout.write(f"page         {address} ({size:,} bytes)")
        if proof.newest_at:
            self.stdout.write(f"newest row   {duration(clock.now() - datetime.fromisoformat(proof.newest_at))} old")
        self.stdout.write(f"took         {proof.seconds:.1f} s")
        for problem in proof.problems:
            self.stdout.write(self.style.ERROR(f"problem      {problem}"))
        if not proof.well:
            raise CommandError("The copy is not good. Make a new one and look for the cause.")
        self.stdout.write(self.style.SUCCESS("equal        counts, checksums and files"))
