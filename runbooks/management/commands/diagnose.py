"""`manage.py diagnose stale-jobs --age 300`: run a diagnostic here and now."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import clock
from portal.errors import DomainError
from runbooks.diagnostics import registry, runs


class Command(BaseCommand):
    help = "Run a diagnostic and print what it finds. Exit status 0 when it could look, whatever it found."

    def add_arguments(self, parser: CommandParser) -> None:
        each = parser.add_subparsers(dest="diagnostic", required=True, metavar="DIAGNOSTIC")
        for slug, diagnostic in registry.diagnostics:
            sub = each.add_parser(slug, help=diagnostic.about)
            for parameter in diagnostic.parameters:
                text = f"{parameter.label.lower()}, in {parameter.unit} (default {parameter.default})"
                sub.add_argument(f"--{parameter.name}", default=str(parameter.default), help=text)
            sub.add_argument("--target", default="", help="name of the target, where there are several")
            sub.add_argument("--about", default="", help="what it is about, such as incident:142")
            sub.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["diagnostic"]
        try:
            given = {parameter.name: options[parameter.name] for parameter in registry.find(slug).parameters}
            run, result = runs.run_here(slug, given=given, target=options["target"], about=options["about"], by=None, at=clock.now())
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        if result is None:
            raise CommandError(run.finding)
        if options["json"]:
            shown = {"finding": run.finding, "severity": run.severity, **run.result}
            self.stdout.write(json.dumps(shown, indent=2))
        else:
            self.stdout.write(run.output)
