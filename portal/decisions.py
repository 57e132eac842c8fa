"""The decision log: where people went against the default, with who, when and why.

A watch time skipped, a closing gate forced, a severity lowered, a date moved late, a postmortem waived. Packages put their kinds on
the shelf in `AppConfig.ready()` and call `record` in the transaction of the act itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet

from portal.accounts.models import User
from portal.errors import Invalid
from portal.models import Decision
from portal.search.documents import hidden_from
from portal.shelves import Shelf

# kind → what was decided, as a heading: kinds.put("forced_close", "Closed with open points").
kinds: Shelf[str] = Shelf("kinds of decisions")


def record(kind: str, about: str, by: User, at: datetime, reason: str, *, title: str = "", url: str = "", access: str | None = None) -> Decision:
    """Write one decision about a subject ("incident:142") in the caller's transaction. 1 query.

    title: the subject's name, "INC-142 Queue full". access: what the decision is hidden with, the subject itself unless said otherwise
    (a postmortem's is its incident). Raises: Invalid, no reason; ValueError, a kind that is not on the shelf.
    """
    if kind not in kinds:
        raise ValueError(f"No package put decisions of kind {kind!r} on the shelf.")
    reason = reason.replace("\x00", " ").strip()
    if not reason:
        raise Invalid("Say why in one line; it stands in the decision log.")
    return Decision.objects.create(
        kind=kind, about=about, by=by, at=at, reason=reason, title=title[:200], url=url, access=about if access is None else access
    )


def visible_to(user: User) -> QuerySet[Decision]:
    """The log as this person may read it, newest first, with the person of each row. 1 query for each shelf entry of hidden keys."""
    return Decision.objects.exclude(access__in=hidden_from(user)).select_related("by")


def of(*subjects: str) -> QuerySet[Decision]:
    """What was decided about these subjects, oldest first, for pages whose reader may see them. 1 query."""
    return Decision.objects.filter(about__in=subjects).select_related("by").order_by("at", "pk")


def label(kind: str) -> str:
    """The heading of a kind; the bare word for one whose package is gone."""
    return kinds.get(kind) or kind.replace("_", " ")


def table(rows: Iterable[Decision]) -> list[list[str]]:
    """For exports: when (UTC), what, about, title, who, why; the first row is the head."""
    head = ["at", "decision", "about", "title", "by", "reason"]
    return [head, *([row.at.isoformat(), label(row.kind), row.about, row.title, str(row.by), row.reason] for row in rows)]
