"""Two writers through the API: a change says which version it was made on, and a stale one is refused (RFC 9110 section 13).

A versioned row's ETag is its version; any other thing's is a digest of the fields that can be written.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from portal.errors import DomainError, Stale

TAGS = re.compile(r'\s*(?:W/)?"?([\x21\x23-\x2b\x2d-\x7e]{1,100})"?\s*')


class WhichVersion(DomainError):
    """A change that does not say what it changes."""

    code = "if_match_required"
    http_status = 428


class Outdated(Stale):
    """If-Match names another version than the stored one."""

    http_status = 412


def of_version(version: int) -> str:
    return f'"{version}"'


def of_fields(shown: Mapping[str, Any]) -> str:
    """For a thing without a version: 16 hex digits of what is shown."""
    text = json.dumps(shown, sort_keys=True, default=str)
    return f'"{hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]}"'


def check(if_match: str | None, current: str) -> None:
    """`*` and lists are understood, quotes may lack. Raises: WhichVersion (428), nothing usable is given; Outdated (412), it is another version."""
    if if_match is None or not if_match.strip():
        raise WhichVersion(f"Send the version that you read: read the thing, then repeat its ETag, as in If-Match: {current}.")
    if if_match.strip() == "*":
        return
    given = {found[1] for part in if_match.split(",") if (found := TAGS.fullmatch(part))}
    if current.strip('"') not in given:
        raise Outdated("Somebody saved this since the version that you read. Read it again and repeat your change on top.")
