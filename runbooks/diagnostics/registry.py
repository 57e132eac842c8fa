"""The registry: a diagnostic is a function with typed parameters. One definition gives form, command line, API and button."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from portal.errors import DomainError, Invalid
from portal.shelves import Shelf
from runbooks.models import Target


@dataclass(frozen=True, slots=True)
class Parameter:
    """A whole number from `minimum` to `maximum`, both included, in `unit`."""

    name: str
    label: str
    default: int
    minimum: int
    maximum: int
    unit: str

    def read(self, given: object) -> int:
        """Raises: Invalid, not such a number; the sentence names the parameter and its bounds."""
        text = str(given).strip()
        if not text.isascii() or not text.isdigit() or len(text) > 12 or not self.minimum <= int(text) <= self.maximum:
            raise Invalid(f"{self.name} must be a whole number from {self.minimum} to {self.maximum} ({self.unit}), not “{text[:40]}”.")
        return int(text)


@dataclass(frozen=True, slots=True)
class Result:
    """finding: one line. severity: ok, warn or bad. text: for people and pipes. rows: under `columns`. next_step: what to do about it."""

    finding: str
    severity: Literal["ok", "warn", "bad"]
    text: str
    columns: list[str] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    numbers: dict[str, int | float] = field(default_factory=dict)
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """`probe(target, parameters)` answers a Result within `timeout` seconds; trouble of the target is a finding, not an exception."""

    slug: str
    title: str
    about: str  # a sentence: what it looks for
    icon: str
    kind: Literal["reads", "changes"]
    target_kind: str
    timeout: int  # seconds
    parameters: tuple[Parameter, ...]
    probe: Callable[[Target, dict[str, int]], Result]

    def read(self, given: dict[str, Any]) -> dict[str, int]:
        """Every parameter, checked; what is not given has its default. Raises: Invalid, an unknown name or a wrong value."""
        known = {parameter.name: parameter for parameter in self.parameters}
        strange = sorted(set(given) - set(known))
        if strange:
            raise Invalid(f"{self.slug} knows no parameter {', '.join(strange)}; it takes {', '.join(known) or 'none'}.")
        return {name: parameter.read(given.get(name, parameter.default)) for name, parameter in known.items()}


diagnostics: Shelf[Diagnostic] = Shelf("diagnostics")


def find(slug: str) -> Diagnostic:
    """Raises: DomainError, nothing is registered under that name."""
    found = diagnostics.get(slug)
    if found is None:
        raise DomainError(f"There is no diagnostic “{slug}”. Known: {', '.join(name for name, _ in diagnostics)}.", code="unknown_diagnostic")
    return found
