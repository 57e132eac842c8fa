"""`manage.py search QUERY --json --limit N`: search from the command line, for what everybody may see."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal.search.find import find
from portal.search.views import KINDS, as_json


class Command(BaseCommand):
    help = "Search runbooks, incidents, postmortems and action items. Restricted incidents are left out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("query", nargs="+")
        parser.add_argument("--json", action="store_true", help="a list with kind, title, url, snippet and source_path")
        parser.add_argument("--limit", type=int, default=10)
        parser.add_argument("--kind", choices=list(KINDS), default="")

    def handle(self, *args: Any, **options: Any) -> None:
        kinds = [options["kind"]] if options["kind"] else []
        found = find(" ".join(options["query"]), user=None, kinds=kinds, limit=max(options["limit"], 0))
        if options["json"]:
            self.stdout.write(json.dumps(as_json(found), indent=2, ensure_ascii=False))
            return
        if found.corrected:
            self.stdout.write(f"Showing results for {found.corrected}")
        for hit in found.hits:
            self.stdout.write(f"{hit.kind:11} {hit.title}\n            {hit.url}\n            {hit.snippet}")
        if not found.hits:
            self.stdout.write("Nothing found.")
