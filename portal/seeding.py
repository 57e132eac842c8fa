"""Seed: the content Standby ships with, laid out once and never over somebody's edit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from portal.shelves import Shelf

# A chapter makes what is missing and says in one line what it made ("7 runbooks") or "" for nothing.
chapters: Shelf[Callable[[datetime], str]] = Shelf("seed chapters")


def seed(at: datetime) -> dict[str, str]:
    """Run every chapter, from the left package to the right. Safe to run again: rows that exist are left alone."""
    return {name: chapter(at) for name, chapter in chapters}
