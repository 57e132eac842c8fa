"""`manage.py export DIR`: the library as Markdown that imports back unchanged; `--site DIR`: a static site that needs no server."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import clock
from portal.errors import DomainError
from runbooks import exporting


class Command(BaseCommand):
    help = "Write the runbooks as Markdown with front matter, or (--site) as a static site with its own search. A folder appears whole or not at all."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder")
        parser.add_argument("--site", action="store_true", help="HTML that opens without a server: runbooks, who is on call, search")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(options["folder"])
        try:
            if options["site"]:
                self.stdout.write(f"{folder}: {exporting.site(folder, clock.now())} pages")
            else:
                self.stdout.write(f"{folder}: {exporting.markdown(folder, clock.now())} files")
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
