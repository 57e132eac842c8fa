"""Second factors: an app's codes, passkeys, recovery codes; demanded of administrators who came in without single sign-on.

Nobody is ever locked out: an administrator's rights rest after a time of grace, responding goes on, and adding a factor takes the
password alone. Lost devices: recovery codes, another administrator, or `manage.py second_factor_reset`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from portal import secrets
from portal.accounts.models import User
from portal.accounts.roles import Role

ASKED_EVERY = timedelta(minutes=10)
ASKED_KEY = "second_factor_missing"  # in the session: [seconds since 1970, bool]
WHERE_IT_CHANGES = ("/accounts/second-factor/", "/profile/")
KEEPER = "second factors"
SEALED = {"secret", "seed"}  # of an app, of recovery codes
STRONG = {"mfa", "socialaccount"}  # ways of signing in that need nothing more


class Adapter(DefaultMFAAdapter):
    """allauth's flows with our words; the app's key and the seed of recovery codes are encrypted at rest."""

    error_messages = DefaultMFAAdapter.error_messages | {"incorrect_code": "That code does not fit. Codes change every 30 seconds; take the newest."}

    def encrypt(self, text: str) -> str:
        return secrets.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return secrets.readable(secrets.unseal(encrypted_text))

    def _get_site_name(self) -> str:
        return "Standby"

    def generate_authenticator_name(self, user: User, type: Any) -> str:
        count = Authenticator.objects.filter(user=user, type=type).count()
        return "Passkey" if not count else f"Passkey {count + 1}"


@dataclass(frozen=True, slots=True)
class Factors:
    """What a person has. `codes`: recovery codes are laid out."""

    app: Authenticator | None
    passkeys: list[Authenticator]
    codes: bool

    @property
    def any(self) -> bool:
        return bool(self.app or self.passkeys)


def of(user: User) -> Factors:
    """1 query."""
    found = list(Authenticator.objects.filter(user=user).order_by("pk"))
    by_type = {kind: [one for one in found if one.type == kind] for kind in Authenticator.Type.values}
    return Factors(next(iter(by_type["totp"]), None), by_type["webauthn"], bool(by_type["recovery_codes"]))


def is_missing(request: HttpRequest, user: User, now: datetime) -> bool:
    """An administrator who signed in by password alone and has nothing else. 0-1 query, administrators only.

    The session remembers the answer for ten minutes; on the pages where a factor is added it is asked anew.
    """
    if user.role != Role.ADMIN or user.is_service or any(record["method"] in STRONG for record in get_authentication_records(request, user)):
        return False
    known = request.session.get(ASKED_KEY) or [0, None]
    is_fresh = 0 <= now.timestamp() - known[0] < ASKED_EVERY.total_seconds()
    if is_fresh and not request.path_info.startswith(WHERE_IT_CHANGES):
        return bool(known[1])
    missing = not Authenticator.objects.filter(user=user, type__in=["totp", "webauthn"]).exists()
    if not is_fresh or known[1] != missing:
        request.session[ASKED_KEY] = [int(now.timestamp()), missing]
    return missing


def rests(request: HttpRequest, user: User, now: datetime) -> bool:
    """Do this person's administrator rights rest? The time of grace begins with the first request that needs it; the end is excluded."""
    if not is_missing(request, user, now):
        return False
    user.lacks_second_factor = True
    if user.second_factor_due_at is None:
        user.second_factor_due_at = now + settings.SECOND_FACTOR_GRACE
        User.objects.filter(pk=user.pk, second_factor_due_at=None).update(second_factor_due_at=user.second_factor_due_at)
    return now >= user.second_factor_due_at


def reset(user: User) -> int:
    """Remove every factor of a person who lost them, and begin the time of grace anew; how many were removed."""
    count: int = Authenticator.objects.filter(user=user).delete()[0]
    User.objects.filter(pk=user.pk).update(second_factor_due_at=None)
    return count


def sealed() -> Iterator[secrets.Sealed]:
    """The stored secrets of apps and recovery codes, for `manage.py rotate_secrets`. 1 query."""
    for row in Authenticator.objects.order_by("pk").iterator():
        for name in SEALED & set(row.data):
            yield secrets.Sealed(Authenticator, name, row.pk, row.data[name], keeper=KEEPER)


@transaction.atomic
def replace(secret: secrets.Sealed, text: str) -> int:
    """1: that secret now stands there as `text`; 0: it was replaced or removed meanwhile. 2 queries."""
    row = Authenticator.objects.select_for_update().filter(pk=secret.pk).first()
    if row is None or row.data.get(secret.field) != secret.text:
        return 0
    row.data[secret.field] = text
    row.save(update_fields=["data"])
    return 1
