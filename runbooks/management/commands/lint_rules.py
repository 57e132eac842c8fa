"""`manage.py lint_rules PATH|URL…`: alerts without a runbook, dead and relative links, pages that the library lacks; exit 1 on findings.

The rules loaded in a Prometheus are also compared with those that ship: new, gone, changed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.errors import DomainError
from runbooks import rules_drift, rules_lint


class Command(BaseCommand):
    help = "Check alert rules (files, folders, manifests, the address of a Prometheus) against the runbooks. Exit status 1 where something fails."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("places", nargs="+", metavar="PATH|URL")
        parser.add_argument("--format", choices=["text", "json", "junit"], default="text")
        parser.add_argument("--against", metavar="FILE", type=Path, default=rules_drift.SHIPPED, help="What a Prometheus should have loaded.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            result = rules_lint.lint(options["places"], against=options["against"])
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        if options["format"] == "json":
            self.stdout.write(json.dumps(rules_lint.as_json(result), indent=2, ensure_ascii=False))
        elif options["format"] == "junit":
            self.stdout.write(rules_lint.as_junit(result))
        else:
            for finding in result.findings:
                self.stdout.write(str(finding))
            failing = sum(finding.fails for finding in result.findings)
            told = f"{result.files} files, {result.rules} alerts: {len(result.answered)} with a runbook, {failing} to repair"
            self.stdout.write(f"{told}, {len(result.findings) - failing} to look at")
        if result.failed:
            sys.exit(1)
