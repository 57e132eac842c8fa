"""What can be found: packages hand over documents in the transaction that changes the thing itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction

from portal.accounts.models import User
from portal.search import engines
from portal.search.models import SearchDocument
from portal.shelves import Shelf


@dataclass(frozen=True, slots=True)
class Document:
    """One thing that can be found. See `SearchDocument` for the fields."""

    key: str
    kind: str
    title: str
    body: str
    url: str
    source_path: str = ""
    names: str = ""
    access: str = ""
    label: str = ""
    at: datetime | None = None


# For `manage.py reindex`: every group with its documents.
sources: Shelf[Callable[[], Iterator[tuple[str, list[Document]]]]] = Shelf("search sources")
# Which access keys are hidden from a person; None is a reader who sees only what everybody may. Asked at each search, so that a
# thing that becomes restricted is hidden at once, with all that was written about it.
hidden_keys: Shelf[Callable[[User | None], set[str]]] = Shelf("hidden keys")


@transaction.atomic
def index(group: str, documents: Iterable[Document]) -> None:
    """Replace all documents of `group` ("runbook:12"), in the caller's transaction: found as soon as that commits."""
    remove(group)
    rows = SearchDocument.objects.bulk_create(SearchDocument(group=group, **_stored(document)) for document in documents)
    engines.current().added(rows)


@transaction.atomic
def remove(group: str) -> None:
    """Forget all documents of `group`, in the caller's transaction."""
    old = list(SearchDocument.objects.filter(group=group))
    if old:
        engines.current().removed(old)
        SearchDocument.objects.filter(pk__in=[row.pk for row in old]).delete()


def hidden_from(user: User | None) -> set[str]:
    """The access keys that this reader may not see. 1 query for each shelf entry."""
    return {key for _, keys in hidden_keys for key in keys(user)}


def _stored(document: Document) -> dict[str, object]:
    """Fits the columns of both databases: PostgreSQL takes no NUL and no half surrogate pair."""
    fields = asdict(document)
    for name, value in fields.items():
        if isinstance(value, str):
            fields[name] = value.replace("\x00", " ").encode("utf-8", "replace").decode("utf-8")
    fields["title"] = fields["title"][:400]
    return fields
