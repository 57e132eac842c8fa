"""`manage.py demo`: play four weeks of incidents, so that every page has something to look at."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import clock
from portal.errors import DomainError
from postmortems import demo
from postmortems.demo.stage import CAST, PASSWORD


class Command(BaseCommand):
    help = "Play a story through the real verbs: alerts, pages, notes, postmortems, action items. Sends nothing. For a trial installation."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--force", action="store_true", help="play it although the database has incidents already")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = demo.play(clock.now(), force=options["force"])
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(", ".join(f"{number} {name}" for name, number in made.items()))
        first = next(iter(CAST)).split()[0].lower()
        self.stdout.write(f"Sign in as {first}@demo.invalid (or another of {', '.join(CAST)}) with the password “{PASSWORD}”.")
