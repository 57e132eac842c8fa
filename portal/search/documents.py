"""What can be found: packages hand over documents in the transaction that changes the thing itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from portal.accounts.models import User
from portal.search import engines, terms, vocabulary
from portal.search.models import SearchDocument
from portal.shelves import Shelf

INSERTED_AT_ONCE = 500
_SUFFIX = re.compile(r"(\.html)?(\.md|\.markdown|\.erb|\.rst|\.txt|\.html)+$", re.IGNORECASE)
_INDEX = frozenset(["readme", "index", "_index"])


@dataclass(frozen=True, slots=True)
class Document:
    """One thing that can be found, or one of its sections (then `section` is its heading). See `SearchDocument` for the fields.

    facets: what filters ask for besides the kind, such as {"service": ["agent-api"]}.
    """

    key: str
    kind: str
    title: str
    body: str
    url: str
    section: str = ""
    source_path: str = ""
    names: str = ""
    access: str = ""
    label: str = ""
    at: datetime | None = None
    facets: Mapping[str, Sequence[str]] = field(default_factory=dict)


# For `manage.py reindex`: every group with its documents.
sources: Shelf[Callable[[], Iterator[tuple[str, list[Document]]]]] = Shelf("search sources")
# Which access keys are hidden from a person; None is a reader who sees only what everybody may. Asked at each search, so that a
# thing that becomes restricted is hidden at once, with all that was written about it.
hidden_keys: Shelf[Callable[[User | None], set[str]]] = Shelf("hidden keys")


def index(group: str, documents: Iterable[Document]) -> None:
    """Replace all documents of `group` ("runbook:12"), in the caller's transaction: found as soon as that commits."""
    index_many([(group, documents)])


@transaction.atomic
def index_many(groups: Sequence[tuple[str, Iterable[Document]]], *, counted: Counter[str] | None = None) -> None:
    """Replace the documents of many groups: the first of each is the thing itself, the others are its sections.

    counted: gathers the words for `vocabulary.add`; without it they are learnt here.
    """
    remove_many([group for group, _ in groups])
    rows = [row for group, documents in groups for row in _rows(group, list(documents))]
    rows = SearchDocument.objects.bulk_create(rows, batch_size=INSERTED_AT_ONCE)
    if not rows:
        return
    engines.current().added(rows)
    if counted is None:
        vocabulary.learn(rows)
    else:
        counted.update(vocabulary.tally(rows))


def remove(group: str) -> None:
    """Forget all documents of `group`, in the caller's transaction."""
    remove_many([group])


@transaction.atomic
def remove_many(groups: Sequence[str]) -> None:
    old = list(SearchDocument.objects.filter(group__in=groups))
    if old:
        engines.current().removed(old)
        SearchDocument.objects.filter(pk__in=[row.pk for row in old]).delete()


def hidden_from(user: User | None) -> set[str]:
    """The access keys that this reader may not see. 1 query for each shelf entry."""
    return {key for _, keys in hidden_keys for key in keys(user)}


def _rows(group: str, documents: Sequence[Document]) -> list[SearchDocument]:
    rows = [_row(group, part, document) for part, document in enumerate(documents)]
    if rows:
        rows[0].length = sum(row.length for row in rows)
    return rows


def _row(group: str, part: int, document: Document) -> SearchDocument:
    row = SearchDocument(
        key=storable(document.key),
        group=group,
        part=part,
        kind=document.kind,
        title=storable(document.title)[:400],
        section=storable(document.section)[:300],
        body=storable(document.body),
        names=storable(document.names),
        url=storable(document.url),
        source_path=storable(document.source_path),
        access=document.access,
        label=document.label,
        at=document.at,
    )
    folders, name = _of_path(row.source_path)
    called = row.section if part else f"{row.title} . {row.names} . {name}"
    called_words, said_words = terms.of_head(called), terms.of_body(row.body if part else f"{folders} {row.body}")
    row.head, row.tail = terms.stems(called_words), terms.stems(said_words)
    row.words = {*called_words, *said_words}
    row.facets = " ".join(engines.facet(key, value) for key, values in {"kind": [row.kind], **document.facets}.items() for value in values)
    row.length = row.tail.count(" ") + 1
    return row


def _of_path(path: str) -> tuple[str, str]:
    """Its folders, and what the file is called; a README is called like its folder."""
    *folders, name = path.split("/")
    name = _SUFFIX.sub("", name)
    if name.lower() in _INDEX and folders:
        name = folders.pop()
    return " ".join(folders), name


def storable(text: str) -> str:
    """Fits the columns of both databases: PostgreSQL takes no NUL and no half surrogate pair."""
    return text.replace("\x00", " ").encode("utf-8", "replace").decode("utf-8")
