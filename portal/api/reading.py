"""`/api/docs/`: the schema as a page for people, rendered here: it works without script, under our policy, and is as readable as the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.api.documents import KeptGenerator

METHODS = ("get", "post", "put", "patch", "delete")
DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    type: str
    required: bool
    about: str


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    path: str
    anchor: str
    title: str
    about: str
    parameters: list[Field]
    body: list[Field]
    example: str
    answers: list[tuple[str, str]]


@dataclass(slots=True)
class Chapter:
    """One noun."""

    name: str
    operations: list[Operation] = field(default_factory=list)


@login_required
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    schema = KeptGenerator().get_schema()  # type: ignore[no-untyped-call]
    return render(request, "api_docs.html", {"chapters": chapters(schema)})


def chapters(schema: Mapping[str, Any]) -> list[Chapter]:
    """Nouns in the order of their names, each with its operations."""
    found: dict[str, Chapter] = {}
    for path, item in schema["paths"].items():
        for method in METHODS:
            if method in item:
                noun = item[method]["tags"][0]
                found.setdefault(noun, Chapter(noun)).operations.append(_operation(schema, path, method, item[method]))
    return [found[name] for name in sorted(found)]


def _operation(schema: Mapping[str, Any], path: str, method: str, said: Mapping[str, Any]) -> Operation:
    body = _json_schema(said.get("requestBody", {}))
    about = said.get("description", "").strip()
    title, _, rest = about.partition("\n")
    return Operation(
        method=method.upper(),
        path=path,
        anchor=said["operationId"],
        title=said.get("summary") or title.strip().rstrip("."),
        about=rest.strip() if not said.get("summary") else about,
        parameters=[
            Field(p["name"], f"{p['in']}, {_type(schema, p.get('schema', {}))}", p.get("required", False), p.get("description", ""))
            for p in said.get("parameters", [])
        ],
        body=list(_fields(schema, body)),
        example=json.dumps(_example(schema, body, 0), indent=2, ensure_ascii=False) if body else "",
        answers=[(code, answer.get("description", "")) for code, answer in sorted(said["responses"].items())],
    )


def _json_schema(body: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = body.get("content", {}).get("application/json", {}).get("schema", {})
    return found


def _resolved(schema: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follows a reference; a single `allOf` or the first of `oneOf` stands for the whole."""
    if "$ref" in part:
        found: Mapping[str, Any] = schema["components"]["schemas"][part["$ref"].rsplit("/", 1)[1]]
        return found
    several = part.get("allOf") or part.get("oneOf") or []
    return _resolved(schema, several[0]) if several else part


def _fields(schema: Mapping[str, Any], body: Mapping[str, Any]) -> Iterator[Field]:
    whole = _resolved(schema, body)
    for name, part in whole.get("properties", {}).items():
        if not part.get("readOnly"):
            yield Field(name, _type(schema, part), name in whole.get("required", []), part.get("description", ""))


def _type(schema: Mapping[str, Any], part: Mapping[str, Any]) -> str:
    """Such as `string`, `list of integer`, `one of: read, write`."""
    whole = _resolved(schema, part)
    if "enum" in whole:
        return "one of: " + ", ".join(str(value) for value in whole["enum"] if value not in {"", None})
    if whole.get("type") == "array":
        return f"list of {_type(schema, whole.get('items', {}))}"
    return " ".join(filter(None, [str(whole.get("type", "any")), f"({whole['format']})" if "format" in whole else ""]))


def _example(schema: Mapping[str, Any], part: Mapping[str, Any], depth: int) -> Any:
    whole = _resolved(schema, part)
    for key in ("example", "default"):
        if key in whole:
            return whole[key]
    if "enum" in whole:
        return next((value for value in whole["enum"] if value), None)
    if whole.get("type") == "object":
        written = {name: child for name, child in whole.get("properties", {}).items() if not child.get("readOnly")}
        return {name: _example(schema, child, depth + 1) for name, child in written.items()} if depth < DEEPEST else {}
    if whole.get("type") == "array":
        return [_example(schema, whole.get("items", {}), depth + 1)] if depth < DEEPEST else []
    formats = {"date-time": "2026-03-03T12:00:00Z", "date": "2026-03-03", "uri": "https://example.org/", "email": "ana@example.org", "time": "09:00"}
    return formats.get(whole.get("format", ""), {"integer": 1, "number": 1.0, "boolean": True}.get(str(whole.get("type")), "text"))
