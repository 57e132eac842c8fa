"""Which long texts there are: packages put theirs on a shelf, with who may read and write them and the story that saves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from portal.accounts.models import User
from portal.shelves import Shelf
from portal.web.versions import Versioned


class Save(Protocol):
    def __call__(self, pk: int, body: str, *, seen: int, by: User, at: datetime) -> Any:
        """The saved row; exactly one history row. Raises: Stale, somebody saved since version `seen`; Invalid."""
        ...


@dataclass(frozen=True, slots=True)
class LongText:
    """One Markdown column of a `Versioned` model with history.

    find: the row if this person may read it, else None. may_edit, title, back (the page that it is edited on): of that row.
    """

    model: type[Versioned]
    field: str
    find: Callable[[User, int], Any | None]
    may_edit: Callable[[User, Any], bool]
    title: Callable[[Any], str]
    back: Callable[[Any], str]
    save: Save


texts: Shelf[LongText] = Shelf("long texts")  # by the name in addresses: "postmortem-section"
