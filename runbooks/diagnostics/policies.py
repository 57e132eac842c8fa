"""Who may run what: responders run what only reads; what changes something needs a right of its own."""

from __future__ import annotations

from portal.accounts.models import User
from portal.accounts.roles import Role
from runbooks.diagnostics.registry import Diagnostic
from runbooks.diagnostics.runs import hidden_from
from runbooks.models import ChangeRight

REFUSED = "Responders run diagnostics; your role only reads."
REFUSED_CHANGE = "This changes something: an administrator has to give you the right to run it. Tokens never have it."


def can_run(user: User, diagnostic: Diagnostic, about: str) -> bool:
    """Ask for a run, or for the preview of one that changes something. 0-1 query."""
    if about in hidden_from(user):
        return False
    return has_change_right(user) if diagnostic.kind == "changes" else user.at_least(Role.RESPONDER)


def has_change_right(user: User) -> bool:
    """A person who was given it. 1 query."""
    return user.at_least(Role.RESPONDER) and not user.is_service and ChangeRight.objects.filter(user=user).exists()


def refusal(diagnostic: Diagnostic) -> str:
    return REFUSED_CHANGE if diagnostic.kind == "changes" else REFUSED


def can_schedule(user: User) -> bool:
    return user.at_least(Role.RESPONDER) and not user.is_service
