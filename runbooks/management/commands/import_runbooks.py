"""`manage.py import_runbooks PATH --source NAME`: a folder, a git work tree or a zip becomes runbooks; again, and it is brought up to date."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import clock
from portal.errors import DomainError
from runbooks.importing import files, importer, sources
from runbooks.importing.report import Report


class Command(BaseCommand):
    help = "Import runbooks from a folder, a git work tree or a .zip file. Running it again updates what changed and overwrites no edit made here."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path")
        parser.add_argument("--source", required=True, help="a name of small letters, digits and dashes: identity is source and path")
        parser.add_argument("--team", help="slug of the team that the runbooks belong to; without it the default team")
        parser.add_argument("--plain-text", action="store_true", help="files without any suffix are texts too")
        parser.add_argument("--every-hours", type=int, help="import again by itself after so many hours; 0 for never")
        parser.add_argument("--json", action="store_true", help="the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        try:
            tree = files.tree_of(options["path"], plain=options["plain_text"])
            source = sources.named(options["source"], options["path"], team=options["team"], every_hours=options["every_hours"])
            show = self._progress if sys.stderr.isatty() else None
            report = importer.run(source, tree, by=None, at=now, progress=show)
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        if options["json"]:
            shown = report.as_json()
            shown["files"] = {path: list(said) for path, said in report.files.items()}
            self.stdout.write(json.dumps(shown, ensure_ascii=False, indent=2))
        else:
            self._tell(report, options["verbosity"])

    def _progress(self, done: int, total: int) -> None:
        width = 30 * done // max(total, 1)
        self.stderr.write(f"\r[{'#' * width}{'.' * (30 - width)}] {done}/{total}", ending="\n" if done >= total else "")
        self.stderr.flush()

    def _tell(self, report: Report, verbosity: int) -> None:
        for warning in report.warnings:
            self.stdout.write(str(warning))
        for path, (outcome, why) in report.files.items():
            if outcome in {"conflict", "failed", "gone", "renamed"} or verbosity > 1:
                self.stdout.write(f"{path}: {outcome}{f' ({why})' if why else ''}")
        counts = ", ".join(f"{count} {outcome}" for outcome, count in report.counts().items()) or "no file"
        at = f" at {report.commit[:12]}" if report.commit else ""
        self.stdout.write(f"{report.source}{at}: {len(report.files)} files: {counts}; {len(report.warnings)} warnings; {report.seconds:.1f} s")
