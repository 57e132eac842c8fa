"""`manage.py test_alert SOURCE`: a marked alert through Alertmanager, and how long each hop took."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.alerts import hops
from incidents.models import Source
from portal import clock
from portal.errors import DomainError


class Command(BaseCommand):
    help = "Send a test alert through the source's Alertmanager and time each hop. Nobody is paged."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source")
        parser.add_argument("--wait", type=float, default=60, help="seconds until it counts as lost")

    def handle(self, *args: Any, **options: Any) -> None:
        source = Source.objects.filter(name=options["source"]).first()
        if source is None:
            raise CommandError(f"There is no source called “{options['source']}”.")
        try:
            code = hops.send(source, now=clock.now())
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        deadline = time.monotonic() + options["wait"]
        found = None
        while time.monotonic() < deadline and not (found and found.applied_at):
            time.sleep(0.2)
            found = hops.of(source, code)
        if not found or not found.applied_at:
            raise CommandError(f"Test alert {code} did not arrive within {options['wait']:.0f} s. Look at Alertmanager's log and its receivers.")
        for line in found.lines():
            self.stdout.write(line)
