"""Who may do what: everybody who may see the incident reads its postmortem; the owning team writes; owners finish their own items."""

from __future__ import annotations

from oncall import policies as oncall_policies
from portal.accounts.models import User
from portal.accounts.roles import Role
from postmortems.models import ActionItem, Postmortem


def can_see(user: User, postmortem: Postmortem) -> bool:
    return Postmortem.objects.visible_to(user).filter(pk=postmortem.pk).exists()


def can_edit(user: User, postmortem: Postmortem | None) -> bool:
    """`postmortem` None: may this person edit any at all?"""
    if postmortem is None:
        return oncall_policies.edits_for(user, None)
    return oncall_policies.edits_for(user, postmortem.team) and can_see(user, postmortem)


def can_start(user: User) -> bool:
    """Whoever responds may start the postmortem of an incident that they can see."""
    return user.at_least(Role.RESPONDER)


def can_waive(user: User, postmortem: Postmortem) -> bool:
    """A lead of its team, or an administrator."""
    return can_edit(user, postmortem) and (user.at_least(Role.ADMIN) or postmortem.team.leads().filter(pk=user.pk).exists())


def can_finish(user: User, item: ActionItem) -> bool:
    """The owner, and whoever edits for the item's team."""
    if not user.at_least(Role.RESPONDER):
        return False
    if item.postmortem is not None and not can_see(user, item.postmortem):
        return False
    return item.owner_id == user.pk or oncall_policies.edits_for(user, item.team)


def can_change_item(user: User, item: ActionItem | None) -> bool:
    """Assign, date and describe it: whoever edits for its team. `item` None: may this person change any at all?"""
    if item is None or item.team is None:
        return oncall_policies.edits_for(user, None)
    return oncall_policies.edits_for(user, item.team) and (item.postmortem is None or can_see(user, item.postmortem))
