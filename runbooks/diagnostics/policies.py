"""Who may run what: responders run what only reads; what changes something needs the guard."""

from __future__ import annotations

from portal.accounts.models import User
from portal.accounts.roles import Role
from runbooks.diagnostics.registry import Diagnostic
from runbooks.diagnostics.runs import hidden_from


def can_run(user: User, diagnostic: Diagnostic, about: str) -> bool:
    return diagnostic.kind == "reads" and user.at_least(Role.RESPONDER) and about not in hidden_from(user)
