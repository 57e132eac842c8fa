"""Parameters of a diagnostic: one definition gives the form's field, the command line's option and the API's schema."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from portal.errors import Invalid


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from `minimum` to `maximum`, both included, in `unit`."""

    name: str
    label: str
    default: int
    minimum: int
    maximum: int
    unit: str = ""
    example: ClassVar[str] = ""
    widget: ClassVar[str] = "number"

    def read(self, given: object) -> int:
        """Raises: Invalid, not such a number; the sentence names the parameter and its bounds."""
        text = str(given).strip()
        if not re.fullmatch(r"-?[0-9]{1,12}", text) or not self.minimum <= int(text) <= self.maximum:
            bounds = f"from {self.minimum} to {self.maximum}" + (f" ({self.unit})" if self.unit else "")
            raise Invalid(f"{self.name} must be a whole number {bounds}, not “{text[:40]}”.")
        return int(text)

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.minimum, "maximum": self.maximum, "default": self.default, "title": self.label}


@dataclass(frozen=True, slots=True)
class Words:
    """One line of text, at most `longest` characters, matching `pattern` as a whole. Without a default it has to be given."""

    name: str
    label: str
    default: str | None = None
    longest: int = 200
    pattern: str = r"[^\x00-\x1f\x7f]*"
    example: str = ""
    unit: ClassVar[str] = ""
    widget: ClassVar[str] = "text"

    def read(self, given: object) -> str:
        """Raises: Invalid, missing, too long or of another shape."""
        if given is None:
            raise Invalid(f"{self.name} has to be given{f', such as “{self.example}”' if self.example else ''}.")
        text = str(given).strip()
        if len(text) > self.longest or not re.fullmatch(self.pattern, text) or (self.default is None and not text):
            shape = f", such as “{self.example}”" if self.example else ""
            raise Invalid(f"{self.name} must be one line of at most {self.longest} characters{shape}.")
        return text

    def schema(self) -> dict[str, Any]:
        known: dict[str, Any] = {"type": "string", "maxLength": self.longest, "title": self.label}
        return known if self.default is None else {**known, "default": self.default}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of `choices`."""

    name: str
    label: str
    default: str
    choices: tuple[str, ...]
    unit: ClassVar[str] = ""
    example: ClassVar[str] = ""
    widget: ClassVar[str] = "select"

    def read(self, given: object) -> str:
        """Raises: Invalid, none of the choices."""
        text = str(given).strip()
        if text not in self.choices:
            raise Invalid(f"{self.name} must be one of {', '.join(self.choices)}, not “{text[:40]}”.")
        return text

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.choices), "default": self.default, "title": self.label}


Parameter: TypeAlias = Whole | Words | Choice


def schema_of(parameters: tuple[Parameter, ...]) -> dict[str, Any]:
    """JSON schema of the object that the API and the command line take."""
    return {
        "type": "object",
        "properties": {parameter.name: parameter.schema() for parameter in parameters},
        "required": [parameter.name for parameter in parameters if parameter.default is None],
        "additionalProperties": False,
    }
