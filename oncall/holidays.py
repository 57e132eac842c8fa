"""Public holidays by country, from the `holidays` library. Codes are `DE`, or with a part of the country `DE-BY`."""

from __future__ import annotations

from datetime import date
from functools import cache, lru_cache
from importlib import import_module
from types import ModuleType

from django.core.exceptions import ValidationError


@cache
def _library() -> ModuleType:
    """Loaded when it is asked first: it takes half a second."""
    return import_module("holidays")


@cache
def countries() -> frozenset[str]:
    """Every code that is known, with and without its parts."""
    found = _library().list_supported_countries(include_aliases=False)
    return frozenset([*found, *(f"{country}-{part}" for country, parts in found.items() for part in parts)])


def known_country(code: str) -> None:
    """Raises: ValidationError, no such country in the library."""
    if code not in countries():
        raise ValidationError(f"“{code}” is not a country code with known holidays, such as DE, DE-BY or US-CA.", code="country")


@lru_cache(maxsize=2000)
def in_year(code: str, year: int) -> dict[date, str]:
    """Day → name, in English where the library has it. Empty for an empty or unknown code."""
    country, _, part = code.partition("-")
    if code not in countries():
        return {}
    try:
        return dict(_library().country_holidays(country, subdiv=part or None, years=year, language="en_US"))
    except (KeyError, NotImplementedError):
        return dict(_library().country_holidays(country, subdiv=part or None, years=year))


def on(code: str, day: date) -> str:
    """The name of that day's holiday; empty on a working day."""
    return in_year(code, day.year).get(day, "") if code else ""
