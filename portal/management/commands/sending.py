"""`manage.py sending [on|off]`: whether anything leaves the house; a restored copy begins with off."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal import clock, sending


class Command(BaseCommand):
    help = "Say whether messages are sent, or switch that on or off. Switching on gives up messages from before the hold; they are kept as not sent."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("switch", nargs="?", choices=["on", "off"])
        parser.add_argument("--reason", default="Switched off by hand", help="shown wherever it is said that nothing is sent")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["switch"] == "off":
            sending.switch_off(options["reason"], at=clock.now())
        elif options["switch"] == "on":
            self.stdout.write(f"Messages from before, not sent: {sending.switch_on()}")
        found = sending.hold()
        self.stdout.write(f"Sending is off since {found.since:%Y-%m-%d %H:%M} UTC: {found.reason}" if found else "Sending is on.")
        for kind, number in sending.waiting(clock.now()).items():
            self.stdout.write(f"  waits: {number} × {kind}")
