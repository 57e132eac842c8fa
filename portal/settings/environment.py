"""Read settings from the environment; a wrong value stops the start with a sentence that names it."""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def text(name: str, default: str | None = None) -> str:
    """Raises: ImproperlyConfigured, `name` is not set and has no default."""
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"{name} is not set. Set it in the environment and start again.")
    return value.strip()


def integer(name: str, default: int, *, minimum: int, maximum: int) -> int:
    """Both ends included. Raises: ImproperlyConfigured."""
    value = text(name, str(default))
    if not re.fullmatch(r"-?\d+", value) or not minimum <= int(value) <= maximum:
        raise ImproperlyConfigured(f"{name} must be a whole number from {minimum} to {maximum}, not {value!r}.")
    return int(value)


def kept_port(path: Path, default: int) -> int:
    """What `path` holds, if that is a port; else `default`."""
    try:
        kept = path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return default
    return int(kept) if re.fullmatch(r"\d{1,5}", kept) and 0 < int(kept) < 65536 else default


def yes_or_no(name: str, *, default: bool) -> bool:
    """1, true, yes, on or 0, false, no, off in any case. Raises: ImproperlyConfigured."""
    value = text(name, "yes" if default else "no").lower()
    if value not in {"1", "true", "yes", "on", "0", "false", "no", "off"}:
        raise ImproperlyConfigured(f"{name} must be yes or no, not {value!r}.")
    return value in {"1", "true", "yes", "on"}


def choice(name: str, default: str, allowed: set[str]) -> str:
    """Raises: ImproperlyConfigured, the value is none of `allowed`."""
    value = text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(sorted(allowed))}, not {value!r}.")
    return value


def words(name: str, default: str = "") -> list[str]:
    """A list parted by commas; empty parts are dropped."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def integers(name: str, *, minimum: int, maximum: int) -> list[int]:
    """Whole numbers parted by commas, both ends included; none when not set. Raises: ImproperlyConfigured."""
    found = words(name)
    if not all(re.fullmatch(r"\d{1,9}", part) and minimum <= int(part) <= maximum for part in found):
        raise ImproperlyConfigured(f"{name} must be whole numbers from {minimum} to {maximum}, parted by commas.")
    return [int(part) for part in found]


def new_encryption_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def encryption_keys(name: str, kept: Callable[[], str]) -> list[str]:
    """32 random bytes each in base64 (either alphabet), parted by commas; what `kept` says, one a line, when not set.

    Raises: ImproperlyConfigured, without the value in its sentence.
    """
    found = words(name) or kept().split()
    keys = [key.replace("+", "-").replace("/", "_") for key in found]
    for position, key in enumerate(keys, 1):
        try:
            whole = len(base64.urlsafe_b64decode(key)) == 32
        except (binascii.Error, ValueError):
            whole = False
        if not whole:
            raise ImproperlyConfigured(f"{name}: key {position} is not 32 bytes in base64. Make one: openssl rand -base64 32")
    return keys


def pairs(name: str, allowed: set[str]) -> dict[str, str]:
    """`a=1,b=2` in the order written; empty for nothing. Raises: ImproperlyConfigured, no pair, or a right side that is none of `allowed`."""
    found = {}
    for part in words(name):
        left, _, right = (side.strip() for side in part.partition("="))
        if not left or right not in allowed:
            raise ImproperlyConfigured(
                f"{name} must be pairs parted by commas, each with one of {', '.join(sorted(allowed))} right of =, not {part!r}."
            )
        found[left] = right
    return found


def url(name: str, default: str, schemes: set[str]) -> str:
    """Empty stays empty. Raises: ImproperlyConfigured, another scheme than `schemes`."""
    value = text(name, default)
    if value and urlsplit(value).scheme not in schemes:
        raise ImproperlyConfigured(f"{name} must begin with {' or '.join(f'{s}://' for s in sorted(schemes))}.")
    return value


def parse_duration(value: str) -> timedelta:
    """`90`, `+8d`, `-2h`, `15m` or `30s`; a bare number is seconds. Raises: ValueError."""
    found = re.fullmatch(r"([+-]?\d{1,9})([smhd]?)", value.strip())
    if not found:
        raise ValueError(f"{value!r} is not a duration such as 90, 15m, 2h or 8d")
    return timedelta(seconds=int(found[1]) * UNITS[found[2] or "s"])


def duration(name: str, default: str) -> timedelta:
    """Raises: ImproperlyConfigured."""
    try:
        return parse_duration(text(name, default))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}.") from error
