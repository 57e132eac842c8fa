"""Refusals: what the product says no to, with a stable code and a sentence for people.

Rendered in two places only: `portal.web.refusals` for pages and `portal.refusals` for the API.
"""

from __future__ import annotations

from typing import ClassVar


class DomainError(Exception):
    """A refusal. `str(error)` is a sentence that may be shown to anybody who may see the subject."""

    code = "refused"
    http_status = 409
    headers: ClassVar[dict[str, str]] = {}  # of the answer that says it

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code:
            self.code = code


class NotAllowed(DomainError):
    """This person may not do this."""

    code = "not_allowed"
    http_status = 403


class Invalid(DomainError):
    """What was sent cannot be used; the sentence says what to change."""

    code = "invalid"
    http_status = 400


class Stale(DomainError):
    """Somebody saved since this text was read."""

    code = "stale"
    http_status = 409


def require(allowed: bool, why: str) -> None:
    """Raises: NotAllowed with the sentence `why`, unless allowed. For edges: `require(policies.can_edit(user, runbook), "Only …")`."""
    if not allowed:
        raise NotAllowed(why)
