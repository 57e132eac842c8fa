"""Tokens of one team: a role that counts in that team only."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from oncall.models import Membership, Team
from portal.accounts.models import ApiToken
from portal.accounts.roles import Role
from portal.accounts.tokens import create_token
from portal.errors import DomainError, Invalid

IN_A_TEAM = {Role.EDITOR: Membership.Role.EDITOR, Role.LEAD: Membership.Role.LEAD}


@transaction.atomic
def create(
    name: str, *, role: Role, team: Team | None, at: datetime, scope: str = ApiToken.Scope.WRITE, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """A token and its secret, which is kept nowhere. With a team, editor and lead count there only; elsewhere it responds.

    Raises: Invalid, a team with another role; DomainError, a token of that name has other rights.
    """
    if team is None:
        token, secret = create_token(name, role=role, at=at, scope=scope, expires_at=expires_at)
        if token.user.teams.exists():
            raise _other_rights(name)
        return token, secret
    if role not in IN_A_TEAM:
        raise Invalid("Only editor and lead are held in a team. Leave the team out, or choose one of these roles.")
    token, secret = create_token(name, role=Role.RESPONDER, at=at, scope=scope, expires_at=expires_at)
    held = list(Membership.objects.filter(user=token.user).values_list("team", "role"))
    if held not in ([], [(team.pk, IN_A_TEAM[role])]) or (not held and token.user.tokens.count() > 1):
        raise _other_rights(name)
    Membership.objects.get_or_create(user=token.user, team=team, defaults={"role": IN_A_TEAM[role]})
    return token, secret


def _other_rights(name: str) -> DomainError:
    return DomainError(f"A token called “{name}” exists with other rights. Choose another name.", code="token_role")
