"""`manage.py import_postmortems PATH --source NAME`: a folder, a git work tree or a zip of postmortems; again, and it is brought up to date."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from oncall.models import Team
from oncall.models.team import default_team
from portal import clock
from portal.errors import DomainError
from postmortems.importing import keeping
from runbooks.importing import files


class Command(BaseCommand):
    help = "Import postmortems that were written elsewhere. Running it again updates what changed and overwrites no edit made here."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path")
        parser.add_argument("--source", required=True, help="a name of your own: identity is source and path")
        parser.add_argument("--team", help="slug of the team that they belong to; without it the default team")
        parser.add_argument("--plain-text", action="store_true", help="files without any suffix are texts too")
        parser.add_argument("--json", action="store_true", help="the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        team = Team.objects.filter(slug=options["team"]).first() if options["team"] else default_team()
        if team is None:
            raise CommandError("No such team. Make one under Admin, Teams, or name another with --team.")
        try:
            tree = files.tree_of(options["path"], plain=options["plain_text"])
            report = keeping.run(tree, source=options["source"], team=team, at=clock.now())
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        if options["json"]:
            self.stdout.write(json.dumps({**report.as_json(), "files": {path: list(said) for path, said in report.files.items()}}, indent=2))
            return
        for warning in report.warnings:
            self.stdout.write(str(warning))
        for path, (outcome, why) in report.files.items():
            self.stdout.write(f"{path}: {outcome}{f' ({why})' if why else ''}")
        counts = ", ".join(f"{count} {outcome}" for outcome, count in report.counts().items()) or "no file"
        self.stdout.write(f"{report.source}: {len(report.files)} files: {counts}; {len(report.warnings)} warnings; {report.seconds:.1f} s")
