"""Secrets are cut out of whatever a diagnostic shows: known values first, then what looks like one."""

from __future__ import annotations

import os
import re

CAP = 20_000  # characters
PATTERNS = (
    (re.compile(r"(?i)([a-z][a-z0-9+.-]*://[^/\s:@]*:)[^@\s/]+@"), r"\1[redacted]@"),
    (re.compile(r"(?i)\b(authorization:\s*\w+\s+)\S+"), r"\1[redacted]"),
    (re.compile(r"(?i)\b(password|passwd|secret|token|api[_-]?key)(\s*[=:]\s*)\S+"), r"\1\2[redacted]"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.S), "[redacted]"),
)


def redact(text: str, *, secrets: tuple[str, ...] = ()) -> str:
    """`text` without secrets, at most 20,000 characters, the cut said."""
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, "[redacted]")
    for pattern, instead in PATTERNS:
        text = pattern.sub(instead, text)
    return text if len(text) <= CAP else f"{text[:CAP]}\n… cut, {len(text):,} characters"


def secret_of(variable: str) -> str:
    """The value of an environment variable that holds a target's password; "" for none."""
    return os.environ.get(variable, "") if variable else ""
