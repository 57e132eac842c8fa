"""Building the index anew: after an update that reads texts differently, or by hand."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from portal.search import documents, vocabulary
from portal.search.models import SearchDocument

AT_ONCE = 200  # groups in one transaction


def reindex() -> dict[str, int]:
    """Every document of every source, and the counts of words; how many documents of each. Searching goes on meanwhile."""
    made, alive = {}, set[str]()
    for name, groups in documents.sources:
        count, batch = 0, list[tuple[str, list[documents.Document]]]()
        for group, found in groups():
            alive.add(group)
            batch.append((group, found))
            count += len(found)
            if len(batch) >= AT_ONCE:
                documents.index_many(batch)
                batch = []
        documents.index_many(batch)
        made[name] = count
    _forget_all_but(alive)
    vocabulary.recount()
    return made


@transaction.atomic
def _forget_all_but(alive: set[str]) -> None:
    gone = set(SearchDocument.objects.values_list("group", flat=True).distinct()) - alive
    documents.remove_many(sorted(gone))


def lay_out(at: datetime) -> str:
    """The seed chapter: builds an index that is empty although there is something to find, as after an update."""
    if SearchDocument.objects.exists():
        return ""
    made = sum(reindex().values())
    return f"{made} documents" if made else ""
