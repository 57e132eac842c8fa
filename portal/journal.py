"""Append to the story of a subject, in the caller's transaction, and read it back in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet

from portal import clock
from portal.accounts.models import User
from portal.models import Entry
from portal.shelves import Shelf

if TYPE_CHECKING:
    from portal.markdown.render import Html


# Told of entries in the transaction that writes them; the webhooks listen.
listeners: Shelf[Callable[[Sequence[Entry]], None]] = Shelf("listeners of the journal")


def append(
    subject: str,
    *,
    kind: str,
    at: datetime,
    by: User | None,
    text: str,
    url: str = "",
    data: dict[str, Any] | None = None,
    body: str = "",
    html: Html | None = None,
) -> Entry:
    """Write one entry about `subject` ("incident:142"). `by` None: the portal itself. `data`: plain JSON values.

    `body` is Markdown that a person wrote, with its `html` rendered before the transaction.
    1 query, and what the listeners ask (1 while nobody wants to be told).
    """
    entry = Entry.objects.create(
        subject=subject,
        kind=kind,
        at=at,
        recorded_at=clock.now(),
        by=by,
        text=text,
        url=url,
        data=data or {},
        body=body,
        body_html=html.html if html else "",
        body_html_key=html.key if html else "",
    )
    for _, tell in listeners:
        tell([entry])
    return entry


def append_many(told: Sequence[tuple[str, str, dict[str, Any]]], *, kind: str, at: datetime) -> None:
    """The portal's own entries of one kind about many subjects: (subject, text, data) of each. As many queries as for one, none for none."""
    now = clock.now()
    rows = [Entry(subject=subject, kind=kind, at=at, recorded_at=now, by=None, text=text, data=data) for subject, text, data in told]
    if not rows:
        return
    Entry.objects.bulk_create(rows)
    for _, tell in listeners:
        tell(rows)


def entries(subject: str) -> QuerySet[Entry]:
    """The story of `subject`, oldest first, with the person of each entry."""
    return Entry.objects.filter(subject=subject).select_related("by")
