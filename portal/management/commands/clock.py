"""`manage.py clock +8d`: move the domain's clock of a running rehearsal server."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import clock
from portal.settings.environment import parse_duration


class Command(BaseCommand):
    help = "Show the domain's clock, or move it: `clock +8d`, `clock 0`. For rehearsals; refused in production. Leases are not moved."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("offset", nargs="?", help="ahead of the host's clock, such as 90, 15m, 2h or 8d")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["offset"] is not None:
            if settings.PRODUCTION or not settings.CLOCK_OFFSET_FILE:
                raise CommandError("The clock cannot be moved in production.")
            try:
                parse_duration(options["offset"])
            except ValueError as error:
                raise CommandError(f"{error}.") from error
            settings.CLOCK_OFFSET_FILE.parent.mkdir(parents=True, exist_ok=True)
            settings.CLOCK_OFFSET_FILE.write_text(options["offset"])
        self.stdout.write(f"{clock.now():%Y-%m-%d %H:%M:%S} UTC, {clock.offset()} from the host's clock")
