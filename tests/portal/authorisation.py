"""Who may do what in the frame."""

from __future__ import annotations

from portal.accounts import invitations
from tests.authorisation import ADMIN as ADMIN_ONLY
from tests.authorisation import PUBLIC, READ, RESPOND, Row

PAGE_READ = READ - {"read_token", "write_token"}
ONLY_ADMIN = frozenset({"admin"})
NOBODY: frozenset[str] = frozenset()


def build(world):
    world.invitation = invitations.invite("new@example.org", role="responder", by=world.people["admin"], at=world.now)


def invited(world):
    return {"pk": world.invitation.pk}


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
    Row("people", "GET", ONLY_ADMIN),
    Row("people", "POST", ONLY_ADMIN),
    Row("person-switch-off", "GET", ONLY_ADMIN, lambda world: {"pk": world.people["responder"].pk}),
    Row("person-switch-off", "POST", ONLY_ADMIN, lambda world: {"pk": world.people["responder"].pk}),
    Row("invitation-again", "POST", ONLY_ADMIN, invited),
    Row("invitation-withdraw", "POST", ONLY_ADMIN, invited),
    Row("invitation", "GET", PUBLIC, lambda world: {"token": invitations.link(world.invitation).split("/")[-2]}),
    Row("invitation", "POST", PUBLIC, lambda world: {"token": invitations.link(world.invitation).split("/")[-2]}),
    Row("session-end", "POST", PAGE_READ, lambda world: {"pk": 1}),
    Row("sessions-end-others", "POST", PAGE_READ),
    Row("mfa_index", "GET", PAGE_READ),
    Row("mfa_list_webauthn", "GET", PAGE_READ),
    Row("mfa_authenticate", "GET", PUBLIC),  # sends to the sign-in page whoever is not on the way in
    Row("mfa_authenticate", "POST", PUBLIC),
    Row("mfa_reauthenticate", "GET", PAGE_READ),
    Row("mfa_reauthenticate", "POST", PAGE_READ),
    Row("mfa_activate_totp", "GET", PAGE_READ),
    Row("mfa_activate_totp", "POST", PAGE_READ),
    Row("mfa_deactivate_totp", "GET", NOBODY),  # 404 without an app; tests/portal/test_second_factor.py has one
    Row("mfa_deactivate_totp", "POST", NOBODY),
    Row("mfa_view_recovery_codes", "GET", NOBODY),  # 404 without codes
    Row("mfa_download_recovery_codes", "GET", NOBODY),
    Row("mfa_generate_recovery_codes", "GET", PAGE_READ),
    Row("mfa_generate_recovery_codes", "POST", PAGE_READ),
    Row("mfa_add_webauthn", "GET", PAGE_READ),
    Row("mfa_add_webauthn", "POST", PAGE_READ),
    Row("mfa_reauthenticate_webauthn", "GET", PAGE_READ),
    Row("mfa_reauthenticate_webauthn", "POST", PAGE_READ),
    Row("mfa_remove_webauthn", "GET", PAGE_READ, lambda world: {"pk": 1}),  # asks for the password first
    Row("mfa_remove_webauthn", "POST", PAGE_READ, lambda world: {"pk": 1}),
    Row("mfa_edit_webauthn", "GET", PAGE_READ, lambda world: {"pk": 1}),
    Row("mfa_edit_webauthn", "POST", PAGE_READ, lambda world: {"pk": 1}),
    Row("mfa_login_webauthn", "GET", PUBLIC),
    Row("mfa_login_webauthn", "POST", PUBLIC),
    Row("openid_connect_login", "GET", NOBODY, lambda world: {"provider_id": "sso"}),  # 404 until it is configured
    Row("openid_connect_callback", "GET", NOBODY, lambda world: {"provider_id": "sso"}),
    Row("account_set_password", "GET", PAGE_READ),
    Row("account_set_password", "POST", PAGE_READ),
    Row("api-schema", "GET", READ),
    Row("api-docs", "GET", READ - {"read_token", "write_token"}),
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
    "portal.retention": (ONLY_ADMIN, frozenset()),
    "search.synonym": (STAFF, frozenset({"admin"})),
    "portal.resource": (STAFF, ADMIN_ONLY),
}
