"""Front matter: the block of YAML or TOML before a text. Broken front matter loses nothing: the block stays, a note says where it breaks."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from typing import Any

import yaml

LONGEST = 256 * 1024  # characters
DEEP = 20
_YAML = re.compile(r"---[ \t]*\n(.*?)(?:^|\n)(?:---|\.\.\.)[ \t]*(?:\n|$)", re.DOTALL)
_TOML = re.compile(r"\+\+\+[ \t]*\n(.*?)(?:^|\n)\+\+\+[ \t]*(?:\n|$)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Split:
    """block: the front matter as written, with its marks; body: everything behind it. block + body is the text."""

    block: str
    body: str
    values: dict[str, Any] = field(default_factory=dict)
    notes: tuple[tuple[int, str], ...] = ()  # (line, what is wrong)


def split(text: str) -> Split:
    """A text without front matter comes back whole. Values are texts, lists and maps of them, never dates."""
    match = _YAML.match(text) or _TOML.match(text)
    if not match:
        note = ((1, "front matter is never closed; read as text"),) if re.match(r"(---|\+\+\+)[ \t]*\n[\w-]+ *[:=]", text) else ()
        return Split("", text, notes=note)
    block, inside = match[0], match[1]
    try:
        values = _toml(inside) if block.startswith("+") else _yaml(inside)
    except _Broken as broken:
        return Split(block, text[len(block) :], notes=((broken.line + 1, f"front matter cannot be read: {broken}"),))
    if not isinstance(values, dict):
        if values is not None and block.startswith("---"):  # a rule above a paragraph, not front matter
            return Split("", text)
        return Split(block, text[len(block) :])
    return Split(block, text[len(block) :], values)


class _Broken(Exception):
    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class _TextsOnly(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Every scalar stays a text: no dates that do not exist, no numbers that JSON lacks."""


_TextsOnly.yaml_implicit_resolvers = {}


def load_yaml(text: str) -> Any:
    """The one document of a text, texts only. Raises: ValueError with the line, also for anchors, aliases and what is nested too deep."""
    try:
        return _yaml(text)
    except _Broken as broken:
        raise ValueError(f"line {broken.line}: {broken}") from broken


def _yaml(text: str) -> Any:
    if len(text) > LONGEST:
        raise _Broken(f"longer than {LONGEST:,} characters", 1)
    loader = _TextsOnly(text.replace("\x00", " "))
    try:
        _refuse_deep(text)
        return loader.get_single_data()
    except yaml.MarkedYAMLError as trouble:
        mark = trouble.problem_mark or trouble.context_mark
        raise _Broken(str(trouble.problem or "not YAML"), mark.line + 1 if mark else 1) from trouble
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, AttributeError, UnicodeError) as trouble:
        raise _Broken(str(trouble).splitlines()[0][:200] or "not YAML", 1) from trouble
    finally:
        loader.dispose()


def _refuse_deep(text: str) -> None:
    """Anchors and aliases can make megabytes of a line."""
    depth = 0
    event: Any
    for event in yaml.parse(text.replace("\x00", " "), Loader=_TextsOnly):
        if getattr(event, "anchor", None):
            raise _Broken("anchors and aliases are not read", event.start_mark.line + 1)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEP:
            raise _Broken(f"nested deeper than {DEEP}", event.start_mark.line + 1)


def _toml(text: str) -> Any:
    try:
        return _plain(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as trouble:
        found = re.search(r"line (\d+)", str(trouble))
        raise _Broken(str(trouble)[:200], int(found[1]) if found else 1) from trouble


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else str(value)
