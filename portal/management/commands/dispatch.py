"""`manage.py dispatch`: run the pumps without Celery, until Ctrl-C."""

import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal import due, pump


class Command(BaseCommand):
    help = "Work due rows without Celery. With --once: work what is due now and stop."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            self.stdout.write(f"{sum(due.run(pool) for pool in sorted(due.pools()))} rows worked")
            return
        stop = pump.start()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            stop.set()
