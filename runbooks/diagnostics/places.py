"""A target as a probe sees it: plain values and its secret, no database row. And trouble at a target, as a sentence."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Place:
    """options: keys by kind, see docs/diagnostics.md. facts: what the portal itself knows and the diagnostic asked for."""

    name: str = ""
    kind: str = ""
    stage: str = ""
    host: str = ""
    port: int = 0
    database: str = ""
    path: str = ""
    username: str = ""
    uses_tls: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    secret: str = field(default="", repr=False)
    facts: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    def option(self, name: str, default: str) -> str:
        return str(self.options.get(name) or default)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Trouble(Exception):
    """The target cannot be looked at. `what` is a finding in our own words, `step` what to do next; neither holds the target's own text."""

    def __init__(self, what: str, step: str = "") -> None:
        super().__init__(what)
        self.what, self.step = what, step
