"""Shelves: named places that a package owns and packages to its right fill in `AppConfig.ready()`.

This is how the frame shows, searches and runs things whose packages it does not import.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Shelf(Generic[Thing]):
    """Things by name, in the order in which they were put there."""

    def __init__(self, holds: str) -> None:
        self.holds = holds
        self._things: dict[str, Thing] = {}

    def put(self, name: str, thing: Thing) -> None:
        """Raises: ValueError, another thing has that name."""
        if name in self._things and self._things[name] is not thing:
            raise ValueError(f"Two {self.holds} are called {name!r}.")
        self._things[name] = thing

    def get(self, name: str) -> Thing | None:
        return self._things.get(name)

    def __getitem__(self, name: str) -> Thing:
        return self._things[name]

    def __contains__(self, name: object) -> bool:
        return name in self._things

    def __iter__(self) -> Iterator[tuple[str, Thing]]:
        return iter(tuple(self._things.items()))

    def __len__(self) -> int:
        return len(self._things)
