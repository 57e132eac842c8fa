"""The vocabulary of `tests/<package>/query_counts.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from portal.accounts.models import User


def _nothing(reader: User, number: int) -> None:
    return None


@dataclass(frozen=True)
class Counted:
    """`rows(reader, n)` adds n rows that the page lists for its reader (an administrator); it is called with 1, then with 49."""

    name: str
    url: Callable[[User], str]
    rows: Callable[[User, int], None] = _nothing


def standing(name: str, prepare: Callable[[User], str]) -> Counted:
    """A page on which nothing grows: laid out once, by what the browser suite lays out."""
    made: dict[str, str] = {}

    def rows(reader: User, number: int) -> None:
        if number == 1:
            made["url"] = prepare(reader)

    return Counted(name, lambda reader: made["url"], rows)
