"""What waits for me: one merged list, to which each package adds its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from portal.accounts.models import User
from portal.shelves import Shelf


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that waits for one person. `due_at` None: no hurry."""

    what: str  # "Tick the shift checklist"
    why: str  # "Your shift begins at 09:00"
    due_at: datetime | None
    url: str
    icon: str = "list-checks"


# One query each: needs(user, now) -> what waits for this user.
needs: Shelf[Callable[[User, datetime], list[Need]]] = Shelf("needs")


def waiting_for(user: User, now: datetime) -> list[Need]:
    """All needs of a person, the most overdue first, those without a date last."""
    found = [need for _, ask in needs for need in ask(user, now)]
    return sorted(found, key=lambda need: (need.due_at is None, need.due_at or now))
