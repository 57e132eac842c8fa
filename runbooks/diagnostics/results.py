"""What a diagnostic answers, and the two ways in which it is shown: text for people and pipes, JSON for programs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Severity = Literal["ok", "warn", "bad"]
Rows = list[list[Any]]

ROWS = 200  # shown in a table; the text has all
TEXT = 1_000_000  # characters of text kept; beyond that it is cut and said


@dataclass(frozen=True, slots=True)
class Block:
    """A titled piece of text below the table, such as a slow query."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Result:
    """finding: one line. text: for people and pipes. rows: under `columns`. figure: the number drawn over time, one of `numbers`.

    document: the JSON object that the text shows, where a diagnostic has one. items: what a changing diagnostic would touch, each with
    its `id` and state.
    """

    finding: str
    severity: Severity
    text: str
    columns: list[str] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    numbers: dict[str, int | float] = field(default_factory=dict)
    next_step: str = ""
    blocks: list[Block] = field(default_factory=list)
    figure: str = ""
    document: dict[str, Any] | None = None
    items: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def from_json(told: dict[str, Any]) -> Result:
    """The Result that `as_json` told. Raises: TypeError, KeyError, another shape."""
    return Result(**{**told, "blocks": [Block(**block) for block in told.get("blocks", [])]})


def failed(what: str, step: str) -> Result:
    """Trouble of the target as a finding: what is wrong, and what to do next."""
    return Result(finding=what, severity="bad", text=f"{what}. {step}".strip(), next_step=step)


def shown(document: dict[str, Any]) -> str:
    """A JSON object with one key a line; objects in a list stand one a line, too."""
    lines = [f"  {json.dumps(key)}: {_value(value)}" for key, value in document.items()]
    return "{\n" + ",\n".join(lines) + "\n}"


def _value(value: Any) -> str:
    if not isinstance(value, list) or not value:
        return json.dumps(value, ensure_ascii=False)
    return "[\n" + ",\n".join(f"    {json.dumps(item, ensure_ascii=False)}" for item in value) + "\n  ]"


RESULT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "diagnostic": {"type": "string"},
        "target": {"type": "string"},
        "state": {"enum": ["done", "failed", "timed_out", "cancelled", "lost"]},
        "severity": {"enum": ["ok", "warn", "bad"]},
        "finding": {"type": "string", "maxLength": 300},
        "next_step": {"type": "string"},
        "numbers": {"type": "object", "additionalProperties": {"type": "number"}},
        "columns": {"type": "array", "items": {"type": "string"}},
        "rows": {"type": "array", "maxItems": ROWS, "items": {"type": "array"}},
        "blocks": {
            "type": "array",
            "items": {"type": "object", "properties": {"title": {"type": "string"}, "text": {"type": "string"}}, "required": ["title", "text"]},
        },
        "document": {"type": ["object", "null"]},
    },
    "required": ["diagnostic", "target", "state", "severity", "finding", "next_step", "numbers", "columns", "rows", "blocks", "document"],
    "additionalProperties": False,
}


def schema_of(document: dict[str, Any] | None) -> dict[str, Any]:
    """JSON schema of what `--json` prints and the API answers; `document`: that of the diagnostic's own object."""
    return RESULT_SCHEMA if document is None else {**RESULT_SCHEMA, "properties": {**RESULT_SCHEMA["properties"], "document": document}}
