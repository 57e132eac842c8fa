"""Levers: roll back, scale, switch a flag off, open a breaker. The command is filled for this service; who did what when is kept.

`pulling` has the portal pull those that are set up for it.
"""

from __future__ import annotations

import shlex
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from incidents import checking, timeline
from incidents.locks import locked, store
from incidents.models import Incident, Mitigation, MitigationOption
from incidents.templating import fill
from portal.errors import Invalid

if TYPE_CHECKING:
    from portal.accounts.models import User

# The four of the response guide: name, what it is for, command, what undoes it.
SHIPPED = (
    (
        "Roll back the deployment",
        "A deployment shortly before the impact began",
        "kubectl rollout undo deployment/{service}",
        "kubectl rollout undo deployment/{service}",
    ),
    (
        "Scale up",
        "Load grows, the queue grows, nothing else changed",
        "kubectl scale deployment/{service} --replicas=<REPLICAS>",
        "kubectl scale deployment/{service} --replicas=<REPLICAS BEFORE>",
    ),
    (
        "Switch a feature flag off",
        "One feature fails and has a flag",
        "curl -X POST http://localhost:8000/flags/<FLAG>/disable",
        "curl -X POST http://localhost:8000/flags/<FLAG>/enable",
    ),
    (
        "Open the circuit breaker",
        "A dependency is down and drags us along",
        "kubectl set env deployment/{service} CIRCUIT_BREAKER_ENABLED=true",
        "kubectl set env deployment/{service} CIRCUIT_BREAKER_ENABLED=false",
    ),
)


def options_for(incident: Incident) -> list[MitigationOption]:
    """Levers of its service, then those of every service, filled in memory. 1 query."""
    found = MitigationOption.objects.filter(is_enabled=True, service=None) | MitigationOption.objects.filter(
        is_enabled=True, service=incident.service_id or 0
    )
    options = sorted(found.select_related("target"), key=lambda option: (option.service_id is None, option.order, option.pk))
    for option in options:
        option.command, option.undo = filled(option.command, incident), filled(option.undo, incident)
    return options


def filled(command: str, incident: Incident) -> str:
    """The command for this service. Only {service} is put in, quoted for a shell; <NAME> stays for the person."""
    return fill(command, {"service": shlex.quote(incident.service.slug)}) if incident.service else command


@transaction.atomic
def tried(incident_id: int, *, name: str, command: str, by: User, at: datetime, option: MitigationOption | None = None) -> Mitigation:
    """Somebody pulled a lever by hand. Raises: Invalid, no name."""
    if not name.strip():
        raise Invalid("Say in a few words what was done.")
    incident = locked(incident_id)
    found = Mitigation.objects.create(
        incident=incident, option=option, name=" ".join(name.split())[:120], command=command.strip()[:4000], by=by, at=at
    )
    tell(incident, found, at=at, by=by, text=f"Mitigation: {found.name}")
    return found


@transaction.atomic
def judge(mitigation_id: int, outcome: str, *, by: User, at: datetime) -> Mitigation:
    """Whether it helped. Raises: Invalid."""
    if outcome not in Mitigation.Outcome.values:
        raise Invalid(f"Say one of {', '.join(Mitigation.Outcome.values)}.")
    incident = locked(Mitigation.objects.values_list("incident", flat=True).get(pk=mitigation_id))
    found = Mitigation.objects.get(pk=mitigation_id)
    found.outcome = outcome
    found.save(update_fields=["outcome"])
    tell(incident, found, at=at, by=by, text=f"{found.name}: {found.get_outcome_display().lower()}")
    return found


def tell(incident: Incident, found: Mitigation, *, at: datetime, by: User | None, text: str) -> None:
    """An entry of the timeline, and a look at the checklist; in the caller's transaction, which locks the incident."""
    timeline.append(incident, kind="mitigation", at=at, by=by, text=text, body="", data={"mitigation": found.pk})
    checking.look(incident, at, "mitigation")
    store(incident)


def lay_out(now: datetime) -> str:
    """The seed chapter: the four levers, for every service, where there is none at all."""
    if MitigationOption.objects.exists():
        return ""
    for order, (name, about, command, undo) in enumerate(SHIPPED):
        MitigationOption.objects.create(name=name, about=about, command=command, undo=undo, order=order)
    return f"{len(SHIPPED)} mitigation options"
