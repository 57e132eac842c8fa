"""`manage.py reindex`: build the search documents anew from the things themselves."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from portal.search import documents, engines
from portal.search.models import SearchDocument, SearchWord


class Command(BaseCommand):
    help = "Build every search document anew. Searching goes on meanwhile."

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            engines.current().removed(list(SearchDocument.objects.all()))
            SearchDocument.objects.all().delete()
            SearchWord.objects.all().delete()
            for name, groups in documents.sources:
                count = 0
                for group, found in groups():
                    documents.index(group, found)
                    count += len(found)
                self.stdout.write(f"{name}: {count} documents")
