"""Levers that the portal pulls itself, behind the guard of everything that changes something.

By webhook: what will happen is shown, then confirmed with a reason within two minutes, once. Where the service is of tier 1 it then waits for
a second person, unless whoever asked is alone and says so, which stands in the decision log. The row is written before anything happens.
By diagnostic: the diagnostic's own guard shows, asks and acts; what came of it is kept here beside the other levers.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.core import signing
from django.db import transaction

from incidents.locks import REASON_AT_LEAST, locked
from incidents.mitigating import filled, tell
from incidents.models import Incident, Mitigation, MitigationOption
from portal import clock, decisions, due, outbound
from portal.errors import DomainError, Invalid
from runbooks.diagnostics import guard, registry
from runbooks.models import DiagnosticRun

if TYPE_CHECKING:
    from portal.accounts.models import User
    from portal.models import Due

RUN = "incidents.pull_lever"
LEASE = timedelta(seconds=40)
CONFIRM_WITHIN = timedelta(minutes=2)
SECOND_WITHIN = timedelta(minutes=10)  # until what waits for a second person is asked for anew
SALT = "standby.mitigation"
CHANGED = "That lever was changed since it was shown. Look at it again."


def preview(incident: Incident, option: MitigationOption, *, by: User) -> str:
    """A token for `confirm`, bound to the incident, the lever as it is now, and who asked; good for two minutes. Raises: DomainError."""
    if not option.webhook_url:
        raise DomainError("This lever is pulled by hand: copy its command.", code="by_hand")
    return signing.dumps([incident.pk, option.pk, option.version, by.pk], salt=SALT)


def needs_second(incident: Incident) -> bool:
    return incident.service is not None and incident.service.tier == 1


@transaction.atomic
def confirm(token: str, *, by: User, at: datetime, reason: str, alone: bool = False) -> Mitigation:
    """Have the lever pulled, or on tier 1 let it wait for a second person. Raises: DomainError, Invalid."""
    incident_id, option_id, version, asked_by = _read(token)
    incident = locked(incident_id)
    option = MitigationOption.objects.filter(pk=option_id, version=version, is_enabled=True).first()
    if option is None:
        raise DomainError(CHANGED, code="stale")
    if by.pk != asked_by:
        raise DomainError("That confirmation belongs to whoever was shown it.", code="bad_token")
    why = " ".join(reason.split())
    if len(why) < REASON_AT_LEAST:
        raise Invalid(f"Say in {REASON_AT_LEAST} characters or more why.")
    once = hashlib.sha256(token.encode()).hexdigest()
    if Mitigation.objects.filter(confirmation=once).exists():
        raise DomainError("That confirmation was used already.", code="used")
    waits, command = needs_second(incident) and not alone, filled(option.command, incident)
    found = Mitigation(incident=incident, option=option, name=option.name, command=command, by=by, at=at, reason=why[:300], confirmation=once)
    if waits:
        found.run = Mitigation.Run.WAITING
        found.save()
        tell(incident, found, at=at, by=by, text=f"{found.name}: a second person is asked to agree. {why}")
        return found
    if needs_second(incident):
        title = f"{incident.reference} {incident.title}"
        decisions.record("lever_alone", incident.subject, by, at, f"{option.name}: {why}", title=title, url=f"/incidents/{incident.pk}/")
    return _ask(incident, found, at=at, by=by, text=f"Mitigation asked of the portal: {found.name}. {why}")


@transaction.atomic
def agree(mitigation_id: int, *, by: User, at: datetime) -> Mitigation:
    """A second person has it pulled. Of two who agree at once one does, and the other is told. Raises: DomainError."""
    incident = locked(Mitigation.objects.values_list("incident", flat=True).get(pk=mitigation_id))
    found = Mitigation.objects.select_related("option", "second").get(pk=mitigation_id)
    if found.run != Mitigation.Run.WAITING:
        who = f"; {found.second} agreed" if found.second else ""
        raise DomainError(f"This waits for nobody: {found.get_run_display().lower()}{who}.", code="already_agreed")
    if by == found.by:
        raise DomainError("The second person must be another one than who asked.", code="same_person")
    if at >= found.at + SECOND_WITHIN:
        raise DomainError("This was asked for more than ten minutes ago, and things have moved on. Ask anew.", code="expired")
    if found.option is None or not found.option.is_enabled or filled(found.option.command, incident) != found.command:
        raise DomainError(CHANGED, code="stale")
    found.second = by
    return _ask(incident, found, at=at, by=by, text=f"{found.name}: agreed, and asked of the portal")


def _ask(incident: Incident, found: Mitigation, *, at: datetime, by: User, text: str) -> Mitigation:
    found.run = Mitigation.Run.ASKED
    found.save()
    due.put(RUN, str(found.pk), at=at, priority=1)
    tell(incident, found, at=at, by=by, text=text)
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
    if due.settle(row):
        incident = locked(found.incident_id)
        found.run, found.answer = run, said[:300]
        found.save(update_fields=["run", "answer"])
        tell(incident, found, at=at, by=None, text=f"{found.name}: {found.get_run_display().lower()}, {said}")


def keep_act(run: DiagnosticRun, at: datetime) -> None:
    """Told of each run that ended: one that changed something for an incident stands among its levers. 0-1 query for any other."""
    number = run.about.partition(":")[2] if run.about.startswith("incident:") else ""
    acted = guard.acted_by(run) if number.isdecimal() and run.asked_by else None
    if acted is None or run.asked_by is None or not Incident.objects.filter(pk=number).exists():
        return
    diagnostic, incident = registry.find(run.diagnostic), locked(int(number))
    option = MitigationOption.objects.filter(diagnostic=run.diagnostic).first()
    Mitigation.objects.create(
        incident=incident,
        option=option,
        name=option.name if option else diagnostic.title,
        command=diagnostic.command,
        by=run.asked_by,
        second=acted.second,
        at=at,
        run=Mitigation.Run.DONE if run.state == DiagnosticRun.State.DONE else Mitigation.Run.FAILED,
        answer=run.finding,
        reason=acted.reason[:300],
    )


def _read(token: str) -> tuple[int, int, int, int]:
    """Raises: DomainError, it is not ours or older than two minutes."""
    try:
        incident, option, version, person = signing.loads(token, salt=SALT, max_age=CONFIRM_WITHIN)
    except signing.BadSignature as wrong:
        raise DomainError("That confirmation is older than two minutes. Look at it again.", code="expired") from wrong
    return int(incident), int(option), int(version), int(person)
