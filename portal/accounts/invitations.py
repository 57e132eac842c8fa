"""Inviting people: a link by mail that works once and not for ever.

The link is signed over the row's nonce, so the database alone opens nothing; inviting anew replaces the nonce and the old link dies.
"""

from __future__ import annotations

import secrets
import smtplib
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from portal import due
from portal.accounts import joining
from portal.accounts.models import Invitation, User
from portal.accounts.roles import Role
from portal.errors import DomainError, Invalid
from portal.models import Due

MAIL = "accounts.invite"
LEASE = timedelta(seconds=20)
GOOD_FOR = timedelta(days=7)
RETRY = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
SALT = "portal.accounts.invitations"


class NoLongerOpen(DomainError):
    """A link that was used, withdrawn, replaced, or is too old."""

    code = "invitation_over"
    http_status = 410


@transaction.atomic
def invite(email: str, *, role: Role, by: User, at: datetime, teams: Iterable[tuple[str, str]] = ()) -> Invitation:
    """Ask somebody to join, and mail the link. Asking again replaces the open invitation, whose link dies. Raises: Invalid, they are here."""
    email = email.strip()
    if User.objects.filter(email__iexact=email).exists():
        raise Invalid(f"{email} is a person of this portal already. Change their role or switch them on in the list.")
    Invitation.objects.filter(email__iexact=email, accepted_at=None, withdrawn_at=None).update(withdrawn_at=at)
    invitation = Invitation.objects.create(
        email=email,
        role=role,
        teams=[list(pair) for pair in teams],
        nonce=secrets.token_hex(16),
        invited_by=by,
        created_at=at,
        expires_at=at + GOOD_FOR,
    )
    due.put(MAIL, str(invitation.pk), at=at)
    return invitation


@transaction.atomic
def invite_again(pk: int, *, by: User, at: datetime) -> Invitation:
    """A new link for an open or expired invitation. Raises: NoLongerOpen, it was accepted or withdrawn."""
    old = Invitation.objects.select_for_update().get(pk=pk)
    if old.accepted_at or old.withdrawn_at:
        raise NoLongerOpen("This invitation is over. Invite the person anew.")
    return invite(old.email, role=Role(old.role), by=by, at=at, teams=[(slug, right) for slug, right in old.teams])


@transaction.atomic
def withdraw(pk: int, *, at: datetime) -> None:
    """The link dies at once. Withdrawing twice changes nothing; an accepted invitation stays. 2 queries."""
    Invitation.objects.filter(pk=pk, accepted_at=None, withdrawn_at=None).update(withdrawn_at=at)
    due.cancel(MAIL, [str(pk)])


def link(invitation: Invitation) -> str:
    """The address that opens this invitation, below the installation's own."""
    return settings.BASE_URL + reverse("invitation", args=[signing.dumps([invitation.pk, invitation.nonce], salt=SALT)])


def opened(token: str, *, at: datetime) -> Invitation:
    """The invitation of a link. Raises: NoLongerOpen, whatever is wrong with it; the sentence says the way on. 1 query."""
    refusal = NoLongerOpen("This invitation was used, withdrawn or has expired. Ask whoever invited you for a new one.")
    try:
        pk, nonce = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError) as bad:
        raise refusal from bad
    found = Invitation.objects.filter(pk=pk, nonce=nonce, accepted_at=None, withdrawn_at=None, expires_at__gt=at).select_related("invited_by")
    invitation = found.first()
    if invitation is None or User.objects.filter(email__iexact=invitation.email).exists():
        raise refusal
    return invitation


@transaction.atomic
def accept(token: str, *, name: str, password: str | None, at: datetime, time_zone: str = "UTC") -> User:
    """Make the person, with role and teams. password None: they come by single sign-on. Raises: NoLongerOpen. Safe to run twice at once."""
    invitation = opened(token, at=at)
    Invitation.objects.select_for_update().get(pk=invitation.pk)
    if not Invitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None).exists():
        raise NoLongerOpen("This invitation was used a moment ago. Sign in with it, or ask for a new one.")
    return _joined(invitation, name=name, password=password, at=at, time_zone=time_zone)


def _joined(invitation: Invitation, *, name: str, password: str | None, at: datetime, time_zone: str) -> User:
    user = User.objects.create_user(invitation.email, password, name=name, role=invitation.role, time_zone=time_zone, date_joined=at)
    joining.join(user, invitation.teams, at)
    Invitation.objects.filter(pk=invitation.pk).update(accepted_at=at, person=user)
    return user


def fulfil(user: User, *, at: datetime) -> Invitation | None:
    """Somebody who was invited came by single sign-on: give them role and teams, and close the invitation. 1-4 queries."""
    open_ones = Invitation.objects.filter(email__iexact=user.email, accepted_at=None, withdrawn_at=None, expires_at__gt=at)
    invitation = open_ones.first()
    if invitation:
        User.objects.filter(pk=user.pk).update(role=invitation.role)
        user.role = invitation.role
        joining.join(user, invitation.teams, at)
        Invitation.objects.filter(pk=invitation.pk).update(accepted_at=at, person=user)
    return invitation


def mail(row: Due, now: datetime) -> None:
    """Send one invitation. The handler of `accounts.invite`; the link is made here and stored nowhere."""
    invitation = Invitation.objects.select_related("invited_by").filter(pk=int(row.key), accepted_at=None, withdrawn_at=None).first()
    if invitation is None:
        due.settle(row)
        return
    context = {"invitation": invitation, "link": link(invitation), "base_url": settings.BASE_URL}
    message = EmailMessage("You are invited to Standby", render_to_string("accounts/invitation.txt", context), to=[invitation.email])
    try:
        message.send()
    except (smtplib.SMTPException, OSError) as trouble:
        _not_mailed(row, invitation, now, trouble)
        return
    with transaction.atomic():
        if due.settle(row):
            Invitation.objects.filter(pk=invitation.pk).update(mailed_at=now, mail_error="")


def _not_mailed(row: Due, invitation: Invitation, now: datetime, trouble: Exception) -> None:
    said = f"the mail server refused or did not answer ({type(trouble).__name__})"
    with transaction.atomic():
        Invitation.objects.filter(pk=invitation.pk).update(mail_error=said)
        if row.attempts > len(RETRY):
            due.settle(row)
        else:
            due.postpone(row, now + RETRY[row.attempts - 1], error=said)
