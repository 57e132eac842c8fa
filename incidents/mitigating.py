"""Levers: roll back, scale, switch a flag off, open a breaker. The command is filled for this service; who did what when is kept.

A lever with a webhook can be pulled from the page, behind two steps: what will happen is shown, then confirmed with a reason, on services
of tier 1 by a second person. The confirmation is good for two minutes and once.
"""

from __future__ import annotations

import hashlib
import shlex
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.core import signing
from django.db import transaction

from incidents import checking, timeline
from incidents.locks import REASON_AT_LEAST, locked, store
from incidents.models import Incident, Mitigation, MitigationOption
from incidents.templating import fill
from portal import clock, decisions, due, outbound
from portal.errors import DomainError, Invalid

if TYPE_CHECKING:
    from portal.accounts.models import User
    from portal.models import Due

RUN = "incidents.pull_lever"
LEASE = timedelta(seconds=40)
CONFIRM_WITHIN = timedelta(minutes=2)
SALT = "standby.mitigation"

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
    options = sorted(found, key=lambda option: (option.service_id is None, option.order, option.pk))
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
    _tell(incident, found, at=at, by=by, text=f"Mitigation: {found.name}")
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
    _tell(incident, found, at=at, by=by, text=f"{found.name}: {found.get_outcome_display().lower()}")
    return found


def preview(incident: Incident, option: MitigationOption, *, by: User) -> str:
    """A token for `confirm`, bound to the incident, the lever as it is now, and who asked; good for two minutes. Raises: DomainError."""
    if not option.webhook_url:
        raise DomainError("This lever is pulled by hand: copy its command.", code="by_hand")
    return signing.dumps([incident.pk, option.pk, option.version, by.pk], salt=SALT)


@transaction.atomic
def confirm(token: str, *, by: User, at: datetime, reason: str) -> Mitigation:
    """Have the lever pulled. Its row is written before anything happens; a second confirmation of the same finds it.

    On services of tier 1 another person confirms than the one who asked, or says in the reason that nobody else is awake.
    Raises: DomainError, Invalid.
    """
    incident_id, option_id, version, asked_by = _read(token)
    incident = locked(incident_id)
    option = MitigationOption.objects.filter(pk=option_id, version=version, is_enabled=True).first()
    if option is None:
        raise DomainError("That lever was changed since it was shown. Look at it again.", code="stale")
    if len(reason.strip()) < REASON_AT_LEAST:
        raise Invalid(f"Say in {REASON_AT_LEAST} characters or more why.")
    once = hashlib.sha256(token.encode()).hexdigest()
    if Mitigation.objects.filter(confirmation=once).exists():
        raise DomainError("That confirmation was used already.", code="used")
    is_alone = by.pk == asked_by and bool(incident.service and incident.service.tier == 1)
    if is_alone:
        title = f"{incident.reference} {incident.title}"
        decisions.record("lever_alone", incident.subject, by, at, f"{option.name}: {reason.strip()}", title=title, url=f"/incidents/{incident.pk}/")
    found = Mitigation.objects.create(
        incident=incident,
        option=option,
        name=option.name,
        command=filled(option.command, incident),
        by_id=asked_by,
        second=None if by.pk == asked_by else by,
        at=at,
        run=Mitigation.Run.ASKED,
        confirmation=once,
    )
    due.put(RUN, str(found.pk), at=at, priority=1)
    who = "alone" if is_alone else f"confirmed by {by}"
    _tell(incident, found, at=at, by=by, text=f"Mitigation asked of the portal: {found.name}, {who}. {reason.strip()}")
    return found


def handle(row: Due, now: datetime) -> None:
    """The handler of `incidents.pull_lever`: once; a worker that died in the middle leaves it lost, never done twice by itself."""
    found = Mitigation.objects.select_related("incident__service", "option").get(pk=row.key)
    if found.run != Mitigation.Run.ASKED or found.option is None:
        with transaction.atomic():
            due.settle(row)
        return
    service = found.incident.service.slug if found.incident.service else ""
    body = {"incident": found.incident.reference, "service": service, "option": found.option.name, "id": found.pk}
    try:
        answer = outbound.fetch("POST", found.option.webhook_url, kind="named", json=body, headers={"Idempotency-Key": f"standby-lever-{found.pk}"})
        run, said = (Mitigation.Run.DONE if answer.status < 300 else Mitigation.Run.FAILED), f"answered {answer.status}"
    except outbound.Unreachable as trouble:
        run, said = Mitigation.Run.FAILED, str(trouble)
    _finish(row, found, run, said, clock.now())


def lose(row: Due, now: datetime) -> None:
    """Its worker died while it may have been pulled: say so, and do not do it again."""
    found = Mitigation.objects.select_related("incident").get(pk=row.key)
    _finish(row, found, Mitigation.Run.LOST, "its worker died: look whether it happened before you pull it again", now)


@transaction.atomic
def _finish(row: Due, found: Mitigation, run: str, said: str, at: datetime) -> None:
    incident = locked(found.incident_id)
    if due.settle(row):
        found.run, found.answer = run, said[:300]
        found.save(update_fields=["run", "answer"])
        _tell(incident, found, at=at, by=None, text=f"{found.name}: {found.get_run_display().lower()}, {said}")


def _tell(incident: Incident, found: Mitigation, *, at: datetime, by: User | None, text: str) -> None:
    timeline.append(incident, kind="mitigation", at=at, by=by, text=text, body="", data={"mitigation": found.pk})
    checking.look(incident, at, "mitigation")
    store(incident)


def _read(token: str) -> tuple[int, int, int, int]:
    """Raises: DomainError, it is not ours or older than two minutes."""
    try:
        incident, option, version, person = signing.loads(token, salt=SALT, max_age=CONFIRM_WITHIN)
    except signing.BadSignature as wrong:
        raise DomainError("That confirmation is older than two minutes. Look at it again.", code="expired") from wrong
    return int(incident), int(option), int(version), int(person)


def lay_out(now: datetime) -> str:
    """The seed chapter: the four levers, for every service, where there is none at all."""
    if MitigationOption.objects.exists():
        return ""
    for order, (name, about, command, undo) in enumerate(SHIPPED):
        MitigationOption.objects.create(name=name, about=about, command=command, undo=undo, order=order)
    return f"{len(SHIPPED)} mitigation options"
