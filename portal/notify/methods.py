"""A person's contact methods: added, tested, proven by a tap, put in order, removed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F, Max

from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.errors import DomainError, Invalid, NotAllowed
from portal.notify import outbox
from portal.notify.channels import CHANNELS, apprise
from portal.notify.channels.http import kind_of
from portal.notify.contact import ContactMethod
from portal.notify.models import Message
from portal.shelves import Shelf
from portal.webhooks.models import new_secret, usable_secret

SALT = "portal.notify.test-page"
TEST_LASTS = timedelta(hours=24)
PROVEN_FOR = timedelta(days=7)  # product.md section 9, 17
MOST = 12  # methods of one person
Kind = ContactMethod.Kind

# Told in the transaction in which a person tapped a page on one of their methods: proved(person, method, at).
proved: Shelf[Callable[[User, ContactMethod | None, datetime], None]] = Shelf("answers to a proven method")


class TooOld(DomainError):
    """The link was made too long ago, or by nobody here."""

    code = "link_expired"
    http_status = 410


def kinds_for(user: User) -> list[tuple[str, str]]:
    """Value and name of what this person may add."""
    known = [(kind.value, kind.label) for kind in Kind if kind.value in CHANNELS]
    may_apprise = user.at_least(Role.ADMIN) and apprise.installed()
    return [choice for choice in known if choice[0] != Kind.APPRISE or may_apprise]


@transaction.atomic
def add(owner: User, *, kind: str, label: str, address: str, secret: str = "", at: datetime) -> ContactMethod:
    """A new method, not verified; a webhook gets a signing secret when none is given.

    Raises: Invalid, address or secret does not fit its kind; NotAllowed, apprise without the right.
    """
    if kind not in dict(kinds_for(owner)):
        raise NotAllowed("Only an administrator adds an apprise address, and only where the extra is installed.")
    address = address.strip()
    _check_address(kind, address)
    secret = _signing(secret.strip()) if kind == Kind.WEBHOOK else secret.strip()
    mine = ContactMethod.objects.filter(owner=owner)
    if mine.count() >= MOST:
        raise Invalid(f"You have {MOST} methods already. Remove one first.")
    if any(other.kind == kind and other.address == address for other in mine):
        raise Invalid("You have this method already.")
    last = mine.aggregate(last=Max("position"))["last"] or 0
    return ContactMethod.objects.create(
        owner=owner, kind=kind, label=label.strip()[:80], address=address, secret=secret, position=last + 1, created_at=at
    )


def _check_address(kind: str, address: str) -> None:
    """Raises: Invalid, with what to write instead."""
    if kind == Kind.EMAIL:
        try:
            validate_email(address)
        except ValidationError as wrong:
            raise Invalid("Write an e-mail address such as mara@example.org.") from wrong
    elif kind == Kind.PAGERDUTY:
        if not re.fullmatch(r"[A-Za-z0-9]{20,40}", address):
            raise Invalid("Write the integration's routing key: 32 letters and digits, from PagerDuty's Events API v2 integration.")
    elif kind in (Kind.SLACK, Kind.WEBHOOK, Kind.NTFY):
        _check_url(address)
    elif not address:
        raise Invalid("Write the address.")


def _signing(secret: str) -> str:
    try:
        usable_secret(secret := secret or new_secret())
    except ValidationError as wrong:
        raise Invalid(" ".join(wrong.messages)) from wrong
    return secret


def _check_url(address: str) -> None:
    try:
        parts = urlsplit(address)
        secure = parts.scheme == "https" or (parts.scheme == "http" and kind_of(address) == "named")
        if not secure or not parts.hostname or parts.username or parts.password:
            raise ValueError
    except ValueError as wrong:
        raise Invalid("Write an address that begins with https:// and holds no user or password.") from wrong


def remove(owner: User, method_id: int) -> None:
    """Gone; what was sent by it stays in the log."""
    ContactMethod.objects.filter(owner=owner, pk=method_id).delete()


@transaction.atomic
def put_first(owner: User, method_id: int) -> None:
    """The method is asked before the others."""
    ContactMethod.objects.filter(owner=owner).exclude(pk=method_id).update(position=F("position") + 1)
    ContactMethod.objects.filter(owner=owner, pk=method_id).update(position=0)


@transaction.atomic
def send_test(owner: User, method: ContactMethod | None, *, at: datetime) -> Message:
    """A test page on its way through the whole chain. `method` None: the account's e-mail. One a minute and method at most."""
    channel = method.kind if method else Kind.EMAIL.value
    link = f"{settings.BASE_URL}/t/{_token(owner, method)}/"
    return outbox.queue(
        owner,
        channel=channel,
        method=method,
        purpose=Message.Purpose.TEST,
        subject="Test page from Standby",
        body=(
            "This is a test page: nothing is wrong.\n\n"
            f"Open this and press the button, and Standby knows that pages reach you this way:\n{link}\n\nThe link works for 24 hours."
        ),
        link=link,
        dedup_key=f"test:{owner.pk}:{method.pk if method else 'account'}:{at:%Y%m%d%H%M}",
        at=at,
        priority=0,
    )


def _token(owner: User, method: ContactMethod | None) -> str:
    return signing.dumps([owner.pk, method.pk if method else 0], salt=SALT, compress=False)


def tested(token: str) -> tuple[User, ContactMethod | None]:
    """Whose method a test page's link is about. Raises: TooOld, also when the method is gone or its person switched off. 2 queries."""
    try:
        owner_id, method_id = signing.loads(token, salt=SALT, max_age=TEST_LASTS)
    except (signing.BadSignature, ValueError, TypeError) as wrong:
        raise TooOld("This link does not work any more. Send yourself a new test page from your profile.") from wrong
    owner = User.objects.filter(pk=owner_id, is_active=True).first()
    method = ContactMethod.objects.filter(pk=method_id, owner=owner_id).first() if method_id else None
    if owner is None or (method_id and method is None):
        raise TooOld("This contact method is not there any more.")
    return owner, method


@transaction.atomic
def prove(owner: User, method: ContactMethod | None, *, at: datetime) -> None:
    """The person tapped a page that came by this method: it is theirs, and it works. Safe to run twice."""
    if method:
        found = ContactMethod.objects.filter(pk=method.pk, owner=owner)
        found.filter(verified_at=None).update(verified_at=at)
        found.update(proven_at=at, failing_since=None, trouble="")
    for _, tell in proved:
        tell(owner, method, at)
