"""Who may do what: everybody signed in reads and declares, responders respond; restricted incidents exist only for those named."""

from __future__ import annotations

from incidents.models import Incident
from oncall import policies as team_policies
from portal.accounts.models import User
from portal.accounts.roles import Role
from runbooks.diagnostics.policies import has_change_right


def can_see(user: User, incident: Incident) -> bool:
    return not incident.is_restricted or Incident.objects.visible_to(user).filter(pk=incident.pk).exists()


def can_declare(user: User) -> bool:
    return user.is_active


def can_respond(user: User, incident: Incident) -> bool:
    """Acknowledge, move, note, change the severity."""
    return user.at_least(Role.RESPONDER) and can_see(user, incident)


def can_override(user: User, incident: Incident) -> bool:
    """Close although something is missing: leads of the team that answers."""
    return can_respond(user, incident) and team_policies.leads(user, incident.team)


def can_change_things(user: User) -> bool:
    """Have the portal pull a lever: the right of everything that changes something, which an administrator gives; never a token. 1 query."""
    return has_change_right(user)


def can_restrict(user: User, incident: Incident) -> bool:
    """Whoever responds may close the curtain; opening it again is for those who may see it then."""
    return can_respond(user, incident)


def hidden_subjects(user: User | None) -> set[str]:
    """Journal subjects, and access keys, of incidents that this person may not see; None: of all restricted ones. 1 query."""
    hidden = Incident.objects.filter(is_restricted=True)
    if user is not None:
        hidden = hidden.exclude(pk__in=Incident.objects.visible_to(user))
    return {f"incident:{pk}" for pk in hidden.values_list("pk", flat=True)}


def can_read_bodies(user: User) -> bool:
    """Raw requests name every alert in them, restricted or not: administrators only."""
    return user.at_least(Role.ADMIN)


def is_drill(subject: str) -> bool:
    """Of a journal subject such as `incident:23`. 0-1 query."""
    kind, _, pk = subject.partition(":")
    return kind == "incident" and pk.isdigit() and Incident.objects.filter(pk=int(pk), kind=Incident.Kind.DRILL).exists()
