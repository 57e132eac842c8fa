"""JSON from strangers: bounded in depth, whole numbers that fit, no text that a database cannot keep."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import IO, Any

from django.core.exceptions import RequestDataTooBig
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

DEEPEST = 20


class BoundedJSON(JSONParser):
    """Settings: DATA_UPLOAD_MAX_MEMORY_SIZE bounds its size."""

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        try:
            found = json.loads(stream.read(), parse_constant=_refuse, parse_float=_finite)
        except RequestDataTooBig as trouble:
            raise ParseError("The body is too large.") from trouble
        except (ValueError, RecursionError) as trouble:
            raise ParseError("The body is no JSON that can be read: UTF-8, finite numbers, nested at most 20 deep.") from trouble
        if not shallow(found, DEEPEST):
            raise ParseError(f"The body is nested more than {DEEPEST} deep.")
        return found


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is no finite number")
    return number


def shallow(value: Any, deepest: int) -> bool:
    """Nested at most `deepest` lists and objects; walks without recursion."""
    level = [value]
    for _ in range(deepest):
        containers = [item for item in level if isinstance(item, dict | list)]
        if not containers:
            return True
        level = [child for item in containers for child in (item.values() if isinstance(item, dict) else item)]
    return not any(isinstance(item, dict | list) for item in level)


class ObjectField(serializers.DictField):
    """A JSON object that both databases can keep: no NUL, no lone surrogate, whole numbers within 64 bits, at most 20,000 characters."""

    def to_internal_value(self, data: Any) -> Any:
        found = super().to_internal_value(data)
        text = json.dumps(found, ensure_ascii=False, default=str)
        if len(text) > 20_000:
            raise serializers.ValidationError("At most 20,000 characters as JSON.")
        if "\\u0000" in text or any("\ud800" <= character <= "\udfff" for character in text):
            raise serializers.ValidationError("Null characters and lone surrogates cannot be kept.")
        if not _numbers_fit(found):
            raise serializers.ValidationError("Whole numbers must lie within 64 bits.")
        return found


def _numbers_fit(value: Any) -> bool:
    if isinstance(value, dict | list):
        return all(_numbers_fit(child) for child in (value.values() if isinstance(value, dict) else value))
    return not isinstance(value, int) or abs(value) < 2**63
