"""Who may do what in the frame."""

from __future__ import annotations

from tests.authorisation import ADMIN as ADMIN_ONLY
from tests.authorisation import PUBLIC, READ, RESPOND, Row

ROWS = [
    Row("search", "GET", READ - {"read_token", "write_token"}),
    Row("search-api", "GET", READ),
    Row("first-steps", "GET", READ - {"read_token", "write_token"}),
    Row("favicon", "GET", PUBLIC),
    Row("admin-sign-in", "GET", frozenset()),  # sends to the sign-in page; people who are in already have no business here
    Row("components", "GET", RESPOND - {"write_token"}),
    Row("profile", "GET", READ - {"read_token", "write_token"}),
    Row("profile", "POST", READ - {"read_token", "write_token"}),
    Row("decision-list", "GET", READ - {"read_token", "write_token"}),
    Row("decision-export", "GET", READ - {"read_token", "write_token"}),
    Row("home", "GET", READ - {"read_token", "write_token"}),
    Row("healthz", "GET", PUBLIC),
    Row("readyz", "GET", PUBLIC),
    Row("metrics", "GET", ADMIN_ONLY | {"read_token", "write_token"}),
    Row("api:api-root", "GET", READ),
    Row("account_login", "GET", PUBLIC),
    Row("account_login", "POST", PUBLIC),
    Row("account_logout", "GET", PUBLIC),
    Row("account_logout", "POST", PUBLIC),
    Row("account_change_password", "GET", READ),
    Row("account_change_password", "POST", READ),
    Row("account_reset_password", "GET", PUBLIC),
    Row("account_reset_password", "POST", PUBLIC),
    Row("account_reset_password_done", "GET", PUBLIC),
    Row("account_reset_password_from_key", "GET", PUBLIC, lambda world: {"uidb36": "1", "key": "x-y"}),
    Row("account_reset_password_from_key", "POST", PUBLIC, lambda world: {"uidb36": "1", "key": "x-y"}),
    Row("account_reset_password_from_key_done", "GET", PUBLIC),
    Row("account_inactive", "GET", PUBLIC),
    Row("account_reauthenticate", "GET", READ),
    Row("account_reauthenticate", "POST", READ),
]
STAFF = frozenset({"responder", "editor", "lead", "admin", "other_team"})
ADMIN: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "portal.decision": (STAFF, frozenset()),
    "search.synonym": (STAFF, frozenset({"admin"})),
    "portal.resource": (STAFF, ADMIN_ONLY),
}
