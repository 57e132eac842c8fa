"""Joining a team: on the way in, by invitation."""

from __future__ import annotations

from datetime import datetime

from oncall.models import Membership, Team
from portal.accounts.joining import Teams
from portal.accounts.models import User


def choices() -> list[tuple[str, str]]:
    """Slug and name of every team. 1 query."""
    return list(Team.objects.order_by("name").values_list("slug", "name"))


def join(user: User, slug: str, right: str, at: datetime) -> None:
    """Make `user` a member with `right`; a team that is gone is passed over, a membership that exists keeps its right. 2-3 queries."""
    team = Team.objects.filter(slug=slug).first()
    if team and right in Membership.Role.values:
        Membership.objects.get_or_create(team=team, user=user, defaults={"role": right})


WAY = Teams(choices, list(Membership.Role.choices), join)
