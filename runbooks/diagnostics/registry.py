"""The registry: a diagnostic is a function with typed parameters. One definition gives form, command line, API and button.

It knows neither the database nor Django's apps: the process that looks at targets loads it alone. docs/diagnostics-of-your-own.md
shows how to add one.
"""

from __future__ import annotations

import importlib
import logging
import os
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from typing import Any, Literal

from portal.errors import DomainError, Invalid
from portal.shelves import Shelf
from runbooks.diagnostics import results
from runbooks.diagnostics.parameters import Parameter, schema_of
from runbooks.diagnostics.places import Place
from runbooks.diagnostics.results import Result

logger = logging.getLogger(__name__)

GROUP = "standby.diagnostics"  # entry points of other packages
VARIABLE = "PORTAL_DIAGNOSTICS"  # module:name, parted by commas, for those that are not packaged
LONGEST = 120  # seconds; no diagnostic may ask for more

Probe = Callable[[Place, dict[str, Any]], Result]


@dataclass(frozen=True, slots=True)
class Act:
    """What a changing diagnostic does, after a preview by its probe: the items that the result named, and nothing else.

    word: "killed". perform(place, parameters, items) reads each item again and answers its outcome, `{"id": …, "outcome": "killed"}` or
    `{"id": …, "outcome": "skipped", "why": …}`. told(done, skipped): the line that is printed.
    """

    word: str
    verb: str
    thing: str
    perform: Callable[[Place, dict[str, Any], list[dict[str, Any]]], list[dict[str, str]]]
    told: Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """`probe(place, parameters)` answers a Result within `timeout` seconds; trouble of the target is a finding, not an exception.

    needs: kinds of target, any of them; empty, it looks at none (or, with `may_have`, at one of those if it is named).
    """

    slug: str
    title: str
    about: str  # a sentence: what it looks for
    icon: str
    kind: Literal["reads", "changes"]
    needs: tuple[str, ...]
    timeout: int  # seconds
    probe: Probe
    parameters: tuple[Parameter, ...] = ()
    may_have: tuple[str, ...] = ()
    act: Act | None = None
    document: dict[str, Any] | None = None  # JSON schema of `Result.document`
    on_incident: bool = False  # has a button on every incident

    def read(self, given: dict[str, Any]) -> dict[str, Any]:
        """Every parameter, checked; what is not given has its default. Raises: Invalid, an unknown name or a wrong value."""
        known = {parameter.name: parameter for parameter in self.parameters}
        strange = sorted(set(given) - set(known))
        if strange:
            raise Invalid(f"{self.slug} knows no parameter {', '.join(strange)[:100]}; it takes {', '.join(known) or 'none'}.")
        return {name: parameter.read(given.get(name, parameter.default)) for name, parameter in known.items()}

    @property
    def kinds(self) -> tuple[str, ...]:
        return self.needs or self.may_have

    @property
    def command(self) -> str:
        """How it is asked for on the command line."""
        options = (f"--{p.name} {shlex.quote(str(p.default if p.default is not None else p.example))}" for p in self.parameters)
        return " ".join(["manage.py diagnose", self.slug, *options])

    @property
    def input_schema(self) -> dict[str, Any]:
        return schema_of(self.parameters)

    @property
    def output_schema(self) -> dict[str, Any]:
        return results.schema_of(self.document)


diagnostics: Shelf[Diagnostic] = Shelf("diagnostics")
broken: dict[str, str] = {}  # other people's that could not be loaded, and why: shown to administrators, stops nothing


def find(slug: str) -> Diagnostic:
    """Raises: DomainError, nothing is registered under that name."""
    found = diagnostics.get(slug)
    if found is None:
        raise DomainError(f"There is no diagnostic “{slug[:60]}”. Known: {', '.join(name for name, _ in diagnostics)}.", code="unknown_diagnostic")
    return found


def load() -> None:
    """Register the shipped diagnostics and those of other packages. Safe to call again."""
    from runbooks.diagnostics.probes import SHIPPED

    for diagnostic in SHIPPED:
        diagnostics.put(diagnostic.slug, diagnostic)
    for name, fetch in _offered():
        if name in broken or (name in diagnostics and diagnostics[name] not in SHIPPED):
            continue
        try:
            diagnostics.put(name, _checked(name, fetch()))
        except Exception as trouble:
            broken[name] = f"{type(trouble).__name__}: {trouble}"[:300]
            logger.warning("diagnostic not loaded", extra={"diagnostic": name, "error": broken[name]})


def _offered() -> Iterator[tuple[str, Callable[[], object]]]:
    for point in entry_points(group=GROUP):
        yield point.name, point.load
    for address in filter(None, map(str.strip, os.environ.get(VARIABLE, "").split(","))):
        module, _, name = address.partition(":")
        yield name.lower().replace("_", "-"), lambda module=module, name=name: getattr(importlib.import_module(module), name)  # type: ignore[misc]


def _checked(name: str, found: object) -> Diagnostic:
    """Raises: TypeError, ValueError, it is no diagnostic that can be run."""
    if not isinstance(found, Diagnostic):
        raise TypeError("not a Diagnostic")
    if not 1 <= found.timeout <= LONGEST:
        raise ValueError(f"its timeout must be from 1 to {LONGEST} seconds")
    if (found.kind == "changes") != (found.act is not None):
        raise ValueError("one that changes something needs an act, and only such a one has it")
    return replace(found, slug=name)
