"""`manage.py beating`: exit 0 while the worker on this host works its rows. For a container's health check."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal import heartbeat


class Command(BaseCommand):
    help = "Exit 0 if this host's worker looked for due rows in the last minute."

    def handle(self, *args: Any, **options: Any) -> None:
        name = heartbeat.this_worker()
        if not heartbeat.is_working(name):
            raise CommandError(f"{name} has not looked for due rows in the last minute. Read its log and restart it.")
        self.stdout.write(f"{name} works")
