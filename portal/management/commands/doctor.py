"""`manage.py doctor`: is this installation well? Every finding that is not green names its fix."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal import clock, doctor
from portal.doctor import Level

STYLES = {Level.GREEN: "SUCCESS", Level.AMBER: "WARNING", Level.RED: "ERROR"}


class Command(BaseCommand):
    help = "Ask every part whether it is well. Exit 1 if one is red (with --strict: or amber)."
    requires_system_checks: list[str] = []  # it has to speak where others refuse to start
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--about", default="", help="only one kind of check, for example paging")
        parser.add_argument("--json", action="store_true", help="for machines")
        parser.add_argument("--strict", action="store_true", help="exit 1 for amber too")

    def handle(self, *args: Any, **options: Any) -> None:
        results = doctor.examine(clock.now(), about=options["about"])
        if options["json"]:
            self.stdout.write(json.dumps([asdict(result) for result in results], indent=1))
        else:
            self._print(results)
        bad = {Level.RED, Level.AMBER} if options["strict"] else {Level.RED}
        if any(result.level in bad for result in results):
            raise SystemExit(1)

    def _print(self, results: list[doctor.Result]) -> None:
        width = max((len(result.name) for result in results), default=0)
        for result in results:
            paint = getattr(self.style, STYLES[result.level])
            self.stdout.write(f"{paint(f'{result.level:<5}')}  {result.name:<{width}}  {result.says}")
            if result.fix:
                self.stdout.write(f"{'':<{width + 9}}→ {result.fix}")
        count = {level: sum(result.level == level for result in results) for level in Level}
        self.stdout.write(f"\n{count[Level.RED]} red, {count[Level.AMBER]} amber, {count[Level.GREEN]} green")
