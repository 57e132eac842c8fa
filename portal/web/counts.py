"""Numbers beside the entries of the navigation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from portal.accounts.models import User
from portal.shelves import Shelf


@dataclass(frozen=True, slots=True)
class Count:
    """`hot` (red) only for open incidents and overdue items."""

    number: int
    word: str  # read aloud after the number: "open", "overdue"
    hot: bool = False


# counts(user, now) -> by section of the navigation ("incidents", "actions"). One query each.
counts: Shelf[Callable[[User, datetime], dict[str, Count]]] = Shelf("counts")


# For strangers on the sign-in page: outside(now) -> a number and its words, "incidents open". Restricted things are not counted. One query each.
outside: Shelf[Callable[[datetime], Count]] = Shelf("counts for strangers")


def counted(user: User, now: datetime) -> dict[str, Count]:
    """All counts that are not 0, by section."""
    return {section: count for _, ask in counts for section, count in ask(user, now).items() if count.number}
