"""Append to the story of a subject, in the caller's transaction, and read it back in order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet

from portal import clock
from portal.accounts.models import User
from portal.models import Entry
from portal.shelves import Shelf

if TYPE_CHECKING:
    from portal.markdown.render import Html


# Told of each entry in the transaction that writes it; the webhooks listen.
listeners: Shelf[Callable[[Entry], None]] = Shelf("listeners of the journal")


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
        tell(entry)
    return entry


def entries(subject: str) -> QuerySet[Entry]:
    """The story of `subject`, oldest first, with the person of each entry."""
    return Entry.objects.filter(subject=subject).select_related("by")
