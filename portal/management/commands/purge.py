"""`manage.py purge --dry-run`: what retention would take away; without the flag, take it away now."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal import clock, retention
from portal.errors import Invalid


class Command(BaseCommand):
    help = "Throw away what is older than its retention (Retention in the admin). Runs by itself every night."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only say what would go.")
        parser.add_argument("--kind", default="", help="One kind only.")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        try:
            lines = retention.plan(now, only=options["kind"])
        except Invalid as refusal:
            raise CommandError(str(refusal)) from refusal
        gone = {} if options["dry_run"] else retention.purge(now, only=options["kind"])
        verb = "would go" if options["dry_run"] else "gone"
        for line in lines:
            kept = "for ever" if line.days is None else f"{line.days} days"
            self.stdout.write(f"{line.name:<22} kept {kept:<9} {gone.get(line.name, line.going):>8} {verb}  {line.kind.label}")
