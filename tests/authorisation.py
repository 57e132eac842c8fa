"""The vocabulary of the authorisation table: one row for each URL and method, in `tests/<package>/authorisation.py` as `ROWS`.

`tests/test_authorisation.py` asks every URL as every column and fails on a URL without a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

# Who asks. `editor` and `lead` hold that right in the team that owns the thing; `other_team` is an editor of another team.
COLUMNS = (
    "anon",
    "viewer",
    "responder",
    "editor",
    "lead",
    "admin",
    "read_token",
    "write_token",  # role responder
    "other_team",
    "disabled",
    "expired_token",
    "revoked_token",
)
EVERYBODY = frozenset(COLUMNS)
SIGNED_IN = frozenset({"viewer", "responder", "editor", "lead", "admin", "read_token", "write_token", "other_team"})

PUBLIC = EVERYBODY  # sign-in, healthz, status page; the hook answers by its own token
READ = SIGNED_IN
DECLARE = SIGNED_IN - {"read_token"}
RESPOND = DECLARE - {"viewer"}
EDIT = frozenset({"editor", "lead", "admin"})
LEAD = frozenset({"lead", "admin"})
ADMIN = frozenset({"admin"})


@dataclass(frozen=True)
class Row:
    """`may` get through: any answer but 401, 403, 404 and a way to the sign-in page. The others get one of those.

    url: a URL name ("runbook-detail", "admin:incidents_incident_change"). kwargs: from the world (a namespace of objects made by
    `build(world)` of each package's table) to the URL's arguments. API rows (`/api/…`) are asked with tokens too; on pages tokens count as anon.
    """

    url: str
    method: str
    may: frozenset[str]
    kwargs: Callable[[Any], dict[str, Any]] = field(default=lambda world: {})
    data: Callable[[Any], dict[str, Any]] = field(default=lambda world: {})
