"""Joining a team on the way in: the frame knows no teams, so the package that has them puts its ways on this shelf."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from portal.accounts.models import User
from portal.shelves import Shelf


@dataclass(frozen=True, slots=True)
class Teams:
    """choices: (slug, name) of every team. rights: (value, label). join: makes a person a member, the slug and right known or not."""

    choices: Callable[[], list[tuple[str, str]]]
    rights: list[tuple[str, str]]
    join: Callable[[User, str, str, datetime], None]


teams: Shelf[Teams] = Shelf("ways to join teams")


def join(user: User, wanted: Iterable[Iterable[str]], at: datetime) -> None:
    """Make a person a member of (slug, right) pairs, in the caller's transaction; teams that are gone are passed over."""
    for slug, right in wanted:
        for _, way in teams:
            way.join(user, slug, right, at)
