"""`manage.py reindex`: build the search documents anew from the things themselves."""

from typing import Any

from django.core.management.base import BaseCommand

from portal.search import reindexing


class Command(BaseCommand):
    help = "Build every search document anew, and count the library's words. Searching goes on meanwhile."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, count in reindexing.reindex().items():
            self.stdout.write(f"{name}: {count} documents")
