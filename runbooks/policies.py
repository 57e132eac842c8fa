"""Who may do what with runbooks: everybody signed in reads, a team edits its own."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from oncall.models import Team
from oncall.policies import EDITS, edits_for
from portal.accounts.models import User
from runbooks.models import Runbook

WHO_EDITS = "Only editors of the runbook's team may change it."


def visible_to(user: User) -> QuerySet[Runbook]:
    """All of them: at night nobody waits for a right to read."""
    return Runbook.objects.all() if user.is_active else Runbook.objects.none()


def can_edit(user: User, runbook: Runbook | None) -> bool:
    """`runbook` None: may write runbooks of any team at all. 0-1 query."""
    return edits_for(user, runbook.team if runbook else None)


def can_write_for(user: User, team: Team) -> bool:
    """May add runbooks to this team, or hand one over to it. 0-1 query."""
    return edits_for(user, team)


def kept_by(user: User) -> Q:
    """Filter of what belongs to runbooks that this person keeps true: the owner, or who edits for the team where there is none."""
    return Q(runbook__owner=user) | Q(runbook__owner=None, runbook__team__membership__user=user, runbook__team__membership__role__in=EDITS)
