"""Append to the story of a subject, in the caller's transaction, and read it back in order."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from portal import clock
from portal.accounts.models import User
from portal.models import Entry


def append(
    subject: str, *, kind: str, at: datetime, by: User | None, text: str, url: str = "", data: dict[str, Any] | None = None, body_html: str = ""
) -> Entry:
    """Write one entry about `subject` ("incident:142"). `by` None: the portal itself. `data`: plain JSON values. 1 query."""
    return Entry.objects.create(
        subject=subject, kind=kind, at=at, recorded_at=clock.now(), by=by, text=text, url=url, data=data or {}, body_html=body_html
    )


def entries(subject: str) -> QuerySet[Entry]:
    """The story of `subject`, oldest first, with the person of each entry."""
    return Entry.objects.filter(subject=subject).select_related("by")
