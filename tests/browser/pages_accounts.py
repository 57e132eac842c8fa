"""Pages of signing in and of people."""

from __future__ import annotations

import time

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.contrib.sessions.backends.db import SessionStore
from django.urls import reverse

from oncall.models import Membership, Rotation, Team, Turn
from portal import clock
from portal.accounts import invitations
from portal.accounts.models import User
from portal.accounts.roles import Role
from tests.browser.pages import Page, at
from tests.conftest import person


def proven(reader) -> dict[str, object]:
    """Said the password a moment ago."""
    record = {"method": "password", "at": time.time(), "reauthenticated": True}
    return {"account_authentication_methods": [record], "account_authentication_methods_user": str(reader.pk)}


def invitation(reader=None):
    admin = User.objects.filter(role="admin").first() or person("Ada", Role.ADMIN)
    return invitations.invite("nia@example.org", role=Role.RESPONDER, by=admin, at=clock.now())


def people(reader) -> str:
    Team.objects.create(name="Platform", slug="platform-x")
    person("Tomas", phone="+49 30 1")
    person("Glass", Role.ADMIN, is_break_glass=True)
    person("Former", is_active=False)
    invitation()
    return reverse("people")


def way(invited) -> str:
    return "/" + invitations.link(invited).split("/", 3)[3]


def withdrawn(reader) -> str:
    invited = invitation()
    invitations.withdraw(invited.pk, at=clock.now())
    return way(invited)


def with_app(reader) -> None:
    Authenticator.objects.create(user=reader, type="totp", data={"secret": "x"})
    RecoveryCodes.activate(reader)


def with_passkey(reader) -> Authenticator:
    return Authenticator.objects.create(user=reader, type="webauthn", data={"name": "Work laptop", "credential": {}})


def secured(reader) -> str:
    """A profile on which everything is there."""
    from allauth.usersessions.models import UserSession

    with_app(reader)
    with_passkey(reader)
    for agent in ("Mozilla/5.0 (iPhone) Safari/604", "Mozilla/5.0 (X11; Linux) Firefox/140"):
        store = SessionStore()
        store.create()
        UserSession.objects.create(user=reader, ip="192.0.2.7", user_agent=agent, session_key=store.session_key)
    return reverse("profile")


def leaving(reader) -> str:
    """Somebody who holds a rotation and leads a team alone."""
    tomas, team = person("Tomas"), Team.objects.create(name="Platform", slug="platform-x")
    Membership.objects.create(team=team, user=tomas, role="lead")
    rotation = Rotation.objects.create(team=team, name="Platform nights", begins_on=clock.now().date())
    Turn.objects.create(rotation=rotation, person=tomas)
    return reverse("person-switch-off", args=[tomas.pk])


def after(prepare, name: str, *, by_pk: bool = False):
    def url(reader) -> str:
        thing = prepare(reader)
        return reverse(name, args=[thing.pk]) if by_pk else reverse(name)

    return url


PAGES = [
    Page("people", people),
    Page("person-switch-off", leaving),
    Page("invitation", lambda reader: way(invitation()), role=None),
    Page("invitation-over", withdrawn, role=None, status=410),
    Page("profile-secured", secured),
    Page("password-set", lambda reader: (reader.set_unusable_password(), reader.save(), reverse("account_set_password"))[2]),
    Page("reauthenticate", at("account_reauthenticate")),
    Page("reauthenticate-code", after(with_app, "mfa_reauthenticate")),
    Page("app-add", at("mfa_activate_totp"), session=proven),
    Page("app-remove", after(with_app, "mfa_deactivate_totp"), session=proven),
    Page("codes", after(with_app, "mfa_view_recovery_codes"), session=proven),
    Page("codes-new", after(with_app, "mfa_generate_recovery_codes"), session=proven),
    Page("passkey-add", at("mfa_add_webauthn"), session=proven),
    Page("passkey-rename", after(with_passkey, "mfa_edit_webauthn", by_pk=True), session=proven),
    Page("passkey-remove", after(with_passkey, "mfa_remove_webauthn", by_pk=True), session=proven),
]
