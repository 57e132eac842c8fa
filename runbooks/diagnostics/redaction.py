"""Secrets are cut out of whatever a diagnostic shows: known values first, then what looks like one."""

from __future__ import annotations

import re
from urllib.parse import quote, quote_plus

CAP = 20_000  # characters shown on a page; the rest is a file
SHORTEST = 4  # characters; shorter ones would blank ordinary words
PATTERNS = (
    (re.compile(r"(?i)([a-z][a-z0-9+.-]*://[^/\s:@]*:)[^@\s/]+@"), r"\1[redacted]@"),
    (re.compile(r"(?i)\b((?:proxy-)?authorization[\"']?\s*[:=]\s*[\"']?(?:(?:bearer|basic|token|digest)\s+)?)[^\s\"',]+"), r"\1[redacted]"),
    (re.compile(r"(?i)\b(bearer\s+)[a-z0-9._~+/=-]{8,}"), r"\1[redacted]"),
    (
        re.compile(r"(?i)([\w-]*(?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key)[\"']?\s*[=:]\s*[\"']?)(?!\[redacted\])[^\s\"',;&}]+"),
        r"\1[redacted]",
    ),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S), "[redacted]"),
    (re.compile(r"\bsb_[A-Za-z0-9_-]{20,}"), "[redacted]"),  # our own tokens
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), "[redacted]"),  # a signed web token
    (re.compile(r"\bAKIA[0-9A-Z]{16}\b"), "[redacted]"),
    (re.compile(r"\b(?:sk|pk|rk|ghp|gho|xox[abp])[-_][A-Za-z0-9_-]{16,}"), "[redacted]"),
)


def redact(text: str, *, secrets: tuple[str, ...] = ()) -> str:
    """`text` without secrets: as they are and as they stand in an address."""
    for secret in secrets:
        if len(secret) >= SHORTEST:
            for form in {secret, quote(secret, safe=""), quote_plus(secret)}:
                text = text.replace(form, "[redacted]")
    for pattern, instead in PATTERNS:
        text = pattern.sub(instead, text)
    return text
