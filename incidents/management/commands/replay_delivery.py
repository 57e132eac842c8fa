"""`manage.py replay_delivery ID…`: work stored requests off again, or say what would happen now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.alerts import ingest, replay
from incidents.models import Delivery
from portal import clock


class Command(BaseCommand):
    help = "Work stored requests off again. What was applied already changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("delivery", nargs="+", type=int)
        parser.add_argument("--dry-run", action="store_true", help="only say what would happen if the same body came now")

    def handle(self, *args: Any, **options: Any) -> None:
        for pk in options["delivery"]:
            delivery = Delivery.objects.select_related("source__default_service__team").filter(pk=pk).first()
            if delivery is None:
                raise CommandError(f"There is no delivery {pk}.")
            if not options["dry_run"]:
                ingest.again(delivery, at=clock.now())
                self.stdout.write(f"Delivery {pk} is worked off again within a second.")
                continue
            outcome = replay.dry_run(delivery, now=clock.now())
            self.stdout.write(f"Delivery {pk}, if it came now: {len(outcome.opened)} incidents opened, {outcome.pages} messages.")
            for line in (*outcome.problems, *outcome.lines, *(f"opens: {title}" for title in outcome.opened)):
                self.stdout.write(f"  {line}")
