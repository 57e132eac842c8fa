"""The history of one long text: who saved what when, and one of them as it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.accounts.models import User
from portal.desk.texts import LongText

SHOWN = 100  # the newest; older ones are in the admin's history


@dataclass(frozen=True, slots=True)
class Revision:
    pk: int
    number: int  # the version that this save made
    at: datetime
    by: User | None
    body: str


def of(text: LongText, row: Any) -> list[Revision]:
    """Revisions in which this text changed, the newest first. 1 query."""
    history: Any = text.model.history  # type: ignore[attr-defined]
    rows = history.filter(id=row.pk).select_related("history_user").order_by("-history_id")[:SHOWN]
    found = [Revision(each.history_id, each.version, each.history_date, each.history_user, getattr(each, text.field)) for each in rows]
    return [revision for revision, older in zip(found, [*found[1:], None], strict=True) if older is None or older.body != revision.body]
