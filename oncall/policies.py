"""Rights that come from a team. Everybody signed in reads; a team edits its own; only leads edit who answers."""

from __future__ import annotations

from django.db.models import QuerySet

from oncall.models import Checklist, Handoff, Membership, Team
from portal.accounts.models import User
from portal.accounts.roles import Role

EDITS = (Membership.Role.EDITOR, Membership.Role.LEAD)


def edits_for(user: User, team: Team | None) -> bool:
    """May edit the team's services, runbooks and postmortems. `team` None: edits for any team at all. 0-1 query."""
    if user.at_least(Role.EDITOR):
        return True
    return user.is_active and _memberships(user, team).filter(role__in=EDITS).exists()


def leads(user: User, team: Team | None) -> bool:
    """May edit the team's rotations and escalation. `team` None: leads any team at all. 0-1 query."""
    if user.at_least(Role.LEAD):
        return True
    return user.is_active and _memberships(user, team).filter(role=Membership.Role.LEAD).exists()


def teams_edited_by(user: User) -> QuerySet[Team]:
    """Teams whose things this person may edit."""
    if user.at_least(Role.EDITOR):
        return Team.objects.all()
    return Team.objects.filter(membership__user=user, membership__role__in=EDITS)


def _memberships(user: User, team: Team | None) -> QuerySet[Membership]:
    found = Membership.objects.filter(user=user)
    return found.filter(team=team) if team else found


def can_tick(user: User, checklist: Checklist) -> bool:
    """The person whose checklist it is, and administrators."""
    return user.is_active and (checklist.person_id == user.pk or user.at_least(Role.ADMIN))


def can_answer(user: User) -> bool:
    """May be on call: active people with the role responder or above."""
    return not user.is_service and user.at_least(Role.RESPONDER)


def can_hand_over(user: User, handoff: Handoff) -> bool:
    """Writes the hand-off: whoever goes, and leads of the team."""
    return user.is_active and (handoff.outgoing_id == user.pk or leads(user, handoff.rotation.team))


def can_take_over(user: User, handoff: Handoff) -> bool:
    """Accepts it: whoever comes, and leads of the team."""
    return user.is_active and (handoff.incoming_id == user.pk or leads(user, handoff.rotation.team))
