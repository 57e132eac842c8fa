"""The only place that changes the status of an incident (product.md section 4 says what each is for)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from incidents import checking, clocks, closing, milestones, paging, searching, telemetry, timeline
from incidents.locks import REASON_AT_LEAST, locked, store
from incidents.models import Incident, Promise
from incidents.models.incident import OVER, Cancelled, Severity, Status
from incidents.status_page import publishing
from portal import decisions
from portal.errors import DomainError, Invalid
from portal.markdown import render
from portal.web.moments import duration

if TYPE_CHECKING:
    from oncall.models import Service
    from portal.accounts.models import User
    from portal.models import Entry

FORWARD = [Status.TRIAGE, Status.INVESTIGATING, Status.IDENTIFIED, Status.MITIGATED, Status.RESOLVED, Status.CLOSED]
MILESTONES = {Status.IDENTIFIED: "identified", Status.MITIGATED: "mitigated", Status.RESOLVED: "resolved", Status.CLOSED: "closed"}


class AlreadyMoved(DomainError):
    """Somebody was faster; the sentence says who and when."""

    code = "already_moved"


class WatchRuns(DomainError):
    """Metrics have to stay normal for a while before it is resolved; a reason skips that."""

    code = "watch_runs"


class WrongStatus(DomainError):
    """That status cannot be reached from here."""

    code = "wrong_status"


def open_from_alert(
    *,
    title: str,
    summary: str,
    severity: int,
    service: Service | None,
    correlation_key: str,
    at: datetime,
    detected_at: datetime,
    happened_before: Incident | None = None,
    unmapped: str = "",
    page: bool = True,
    index: bool = True,
    opened_from: str = "",
) -> Incident:
    """A new incident in triage that takes the alerts of its key, and its first page, in the caller's transaction.

    `detected_at`: when the source first saw it. `page` False: the caller begins paging once its alerts are attached, so that a page
    can name them; `index` False: it makes the incident findable itself. Raises: IntegrityError, another incident takes the alerts of that key.
    """
    incident = Incident.objects.create(
        title=title[:300],
        summary=summary,
        severity=severity,
        service=service,
        correlation_key=correlation_key,
        takes_alerts=True,
        opened_at=at,
        happened_before=happened_before,
        unmapped_severity=unmapped[:200],
        opened_from=opened_from,
    )
    milestones.begin(incident, {"impact_started": detected_at, "detected": detected_at}, recorded_at=at)
    timeline.append(incident, kind="status", at=at, by=None, text=f"Opened as SEV{severity} by an alert")
    _begin(incident, at)
    if page:
        paging.begin(incident, at)
    if index:
        searching.index(incident)
    return incident


@transaction.atomic
def declare(*, title: str, severity: int, service: Service | None, summary: str, by: User, at: datetime) -> Incident:
    """A new incident that a person reports. Raises: Invalid, no title."""
    if not title.strip():
        raise Invalid("Say in a few words what is going wrong.")
    incident = Incident.objects.create(
        title=" ".join(title.split())[:300],
        summary=summary,
        severity=severity,
        severity_set_by_person=True,
        service=service,
        opened_at=at,
        opened_by=by,
    )
    for name in ("detected", "declared"):
        milestones.fill(incident, name, at=at, recorded_at=at, author=by)
    timeline.append(incident, kind="status", at=at, by=by, text=f"Declared as SEV{severity}")
    _begin(incident, at)
    clocks.declared(incident, at)
    paging.begin(incident, at)
    searching.index(incident)
    return incident


def _begin(incident: Incident, at: datetime) -> None:
    """What runs beside every incident from its first moment: the checklist, the clock of acknowledging, the metrics."""
    checking.attach(incident)
    if incident.severity_set_by_person:
        checking.look(incident, at, "severity")
    clocks.opened(incident, at)
    telemetry.begin(incident, at)


@transaction.atomic
def acknowledge(incident_id: int, *, by: User, at: datetime) -> Incident:
    """`by` has it: paging stops, triage becomes investigating. Raises: AlreadyMoved, with who and when."""
    incident = locked(incident_id)
    if incident.status != Status.TRIAGE:
        who, when = incident.acknowledged_by, incident.acknowledged_at
        told = f"{who} already acknowledged {incident.reference} at {when:%H:%M} UTC." if who and when else f"{incident.reference} is past triage."
        raise AlreadyMoved(told, code="already_acknowledged")
    _take(incident, by, at)
    incident.status = Status.INVESTIGATING
    store(incident)
    timeline.append(incident, kind="ack", at=at, by=by, text="Acknowledged; paging stops")
    return incident


def _take(incident: Incident, by: User, at: datetime) -> None:
    """Somebody has it now: who and when, milestones, and the pages that are no longer needed."""
    incident.acknowledged_at, incident.acknowledged_by = at, by
    milestones.fill_alerted(incident, recorded_at=at)
    for name in ("acknowledged", "declared"):
        milestones.fill(incident, name, at=at, recorded_at=at, author=by)
    paging.taken(incident, by=by, at=at)
    clocks.settle(incident, (Promise.Kind.ACKNOWLEDGE,), at=at)
    clocks.declared(incident, at)
    checking.look(incident, at, "acknowledged", "secondary")


@transaction.atomic
def move(incident_id: int, to: Status, *, by: User, at: datetime, expected: str | None = None, reason: str = "", override: bool = False) -> Incident:
    """The incident in its new status. Forward may skip; backward, and out of cancelled, needs a reason of 10 characters.

    `expected`: the status that the actor saw. `override`: a lead closes it with that reason although something is missing, or skips
    the watch. Raises: AlreadyMoved, WrongStatus, Invalid, closing.NotReady.
    """
    incident = locked(incident_id)
    if expected is not None and expected != incident.status:
        raise AlreadyMoved(_who_moved(incident))
    back = _check(incident, to, reason)
    if to == Status.CLOSED:
        _pass_gate(incident, by=by, at=at, reason=reason, override=override)
    if to == Status.RESOLVED and not back:
        _pass_watch(incident, by=by, at=at, reason=reason)
    if incident.status == Status.TRIAGE and to != Status.TRIAGE:
        _take(incident, by, at)
    was = incident.get_status_display()
    incident.status, incident.cancelled_for = to, ""
    incident.resolved_at = (incident.resolved_at or at) if to in (Status.RESOLVED, Status.CLOSED) else None
    if to == Status.TRIAGE:
        incident.acknowledged_at = incident.acknowledged_by = None
    store(incident)
    if name := MILESTONES.get(to):
        milestones.fill(incident, name, at=at, recorded_at=at, author=by)
    told = f"{was} → {to.label}" + (f", back because: {reason.strip()}" if back else f": {reason.strip()}" if reason.strip() else "")
    timeline.append(incident, kind="reopened" if back else "status", at=at, by=by, text=told)
    _wind_clocks(incident, to, back, at)
    if to == Status.TRIAGE:
        paging.begin(incident, at)
    elif to in OVER:
        paging.stop(incident, why=f"resolved by {by}", over_at=at)
    publishing.later(at)
    searching.index(incident)
    return incident


def _wind_clocks(incident: Incident, to: Status, back: bool, at: datetime) -> None:
    if back:
        clocks.restart(incident, at)
        telemetry.begin(incident, at)
        if to == Status.TRIAGE:
            clocks.opened(incident, at)
    if to == Status.MITIGATED:
        clocks.mitigated(incident, at)
    if to == Status.RESOLVED and not back:
        clocks.resolved(incident, at)
        checking.look(incident, at, "watched", "metrics", "promises")


def _check(incident: Incident, to: Status, reason: str) -> bool:
    """True for a move backward. Raises: WrongStatus, Invalid."""
    if incident.status == Status.CANCELLED and to == Status.TRIAGE:
        return _needs_reason(reason)
    if incident.status not in FORWARD or to not in FORWARD or to == incident.status:
        raise WrongStatus(f"{incident.reference} is {incident.get_status_display().lower()} and cannot become {to.label.lower()}.")
    if to == Status.CLOSED and incident.status != Status.RESOLVED:
        raise WrongStatus(f"{incident.reference} is {incident.get_status_display().lower()}. It can be closed once it is resolved.")
    back = FORWARD.index(to) < FORWARD.index(Status(incident.status))
    return back and _needs_reason(reason)


def _pass_gate(incident: Incident, *, by: User, at: datetime, reason: str, override: bool) -> None:
    """Raises: NotReady, something is missing; Invalid, it is overridden without a reason."""
    missing = closing.missing(incident)
    if not missing:
        return
    if not override:
        raise closing.NotReady(missing)
    if len(reason.strip()) < REASON_AT_LEAST:
        raise Invalid(f"Closing all the same needs a reason of at least {REASON_AT_LEAST} characters.")
    timeline.append(incident, kind="decision", at=at, by=by, text=f"Closed although: {' '.join(missing)} Reason: {reason.strip()}")
    _decide("forced_close", incident, by, at, f"{reason.strip()} ({' '.join(missing)})")


def _pass_watch(incident: Incident, *, by: User, at: datetime, reason: str) -> None:
    """Raises: Invalid, metrics were not normal for long enough and nobody says why that does not matter."""
    left = clocks.watch_left(incident, at)
    if left is None:
        return
    if len(reason.strip()) < REASON_AT_LEAST:
        text = f"The watch runs for another {duration(left)}. Wait, or say in {REASON_AT_LEAST} characters or more why it may be skipped."
        raise WatchRuns(text)
    _decide("watch_skipped", incident, by, at, f"{reason.strip()} ({duration(left)} were left)")


def _decide(kind: str, incident: Incident, by: User, at: datetime, reason: str) -> None:
    decisions.record(kind, incident.subject, by, at, reason, title=f"{incident.reference} {incident.title}", url=f"/incidents/{incident.pk}/")


def _needs_reason(reason: str) -> bool:
    if len(reason.strip()) < REASON_AT_LEAST:
        raise Invalid(f"Going back needs a reason of at least {REASON_AT_LEAST} characters.")
    return True


def resolve(incident_id: int, *, by: User, at: datetime, expected: str | None = None, reason: str = "") -> Incident:
    """Back to normal. It still takes the alerts of its key, so that one that returns soon reopens it."""
    return move(incident_id, Status.RESOLVED, by=by, at=at, expected=expected, reason=reason)


def next_status(incident: Incident) -> Status | None:
    """The status that the button offers; None when nothing is left."""
    if incident.status not in FORWARD or incident.status == Status.CLOSED:
        return None
    return FORWARD[FORWARD.index(Status(incident.status)) + 1]


@transaction.atomic
def cancel(incident_id: int, *, by: User, at: datetime, reason: str, cause: str = Cancelled.FALSE_ALARM) -> Incident:
    """A false alarm or a duplicate report; takes no more alerts. Raises: WrongStatus, Invalid."""
    incident = locked(incident_id)
    if incident.is_over:
        raise WrongStatus(f"{incident.reference} is {incident.get_status_display().lower()} already.")
    if cause not in Cancelled.values:
        raise Invalid(f"“{cause[:40]}” is no cause for cancelling; use one of {', '.join(Cancelled.values)}.")
    if len(reason.strip()) < REASON_AT_LEAST:
        raise Invalid(f"Cancelling needs a reason of at least {REASON_AT_LEAST} characters.")
    incident.status, incident.cancelled_for, incident.takes_alerts = Status.CANCELLED, cause, False
    paging.stop(incident, why=f"cancelled by {by}", over_at=at)
    clocks.over(incident, at)
    store(incident)
    timeline.append(incident, kind="status", at=at, by=by, text=f"Cancelled, {Cancelled(cause).label.lower()}: {reason.strip()}")
    publishing.later(at)
    searching.index(incident)
    return incident


def attention_lost(incident: Incident, at: datetime, *, why: str) -> None:
    """Somebody acknowledged it and nobody acts: triage again, paged anew. In the caller's transaction, which locks it."""
    incident.status, incident.acknowledged_at, incident.acknowledged_by = Status.TRIAGE, None, None
    store(incident)
    timeline.append(incident, kind="reopened", at=at, by=None, text=f"Back to triage: {why}")
    paging.begin(incident, at)


def alert_returned(incident: Incident, at: datetime, *, page: bool = True) -> None:
    """A resolved incident that its alert came back to: paged like a new one (`page` False: the caller does it).

    In the caller's transaction, which locks it.
    """
    incident.status, incident.resolved_at, incident.quiet_since = Status.TRIAGE, None, None
    incident.acknowledged_at = incident.acknowledged_by = None
    store(incident)
    timeline.append(incident, kind="reopened", at=at, by=None, text="Reopened: the alert returned")
    clocks.restart(incident, at)
    clocks.opened(incident, at)
    telemetry.begin(incident, at)
    publishing.later(at)
    if page:
        paging.begin(incident, at)
    searching.index(incident)


def raise_severity(incident: Incident, to: int, *, at: datetime, why: str, page: bool = True) -> bool:
    """A worse severity by an alert, paged anew while nobody has it (`page` False: the caller does it); True: it rose.

    A person's choice of the same or a worse one stands.

    In the caller's transaction, which locks the incident.
    """
    if to >= incident.severity:
        return False
    was, incident.severity = incident.severity, to
    store(incident)
    timeline.append(incident, kind="severity", at=at, by=None, text=f"SEV{was} → SEV{to}: {why}")
    clocks.severity_changed(incident, at)
    if page and incident.waits:
        paging.begin(incident, at)
    return True


@transaction.atomic
def set_severity(incident_id: int, to: int, *, by: User, at: datetime, reason: str = "") -> Incident:
    """A person's choice. A lower one needs a reason; a higher one pages anew. Raises: Invalid."""
    incident = locked(incident_id)
    if to == incident.severity:
        return incident
    if to > incident.severity and len(reason.strip()) < REASON_AT_LEAST:
        raise Invalid(f"A lower severity needs a reason of at least {REASON_AT_LEAST} characters.")
    was, incident.severity, incident.severity_set_by_person = incident.severity, Severity(to), True
    store(incident)
    told = f"SEV{was} → SEV{to}" + (f": {reason.strip()}" if reason.strip() else "")
    timeline.append(incident, kind="severity", at=at, by=by, text=told)
    clocks.severity_changed(incident, at)
    checking.look(incident, at, "severity")
    if to > was:
        _decide("downgrade", incident, by, at, f"SEV{was} → SEV{to}: {reason.strip()}")
    if to < was and incident.status == Status.TRIAGE:
        paging.begin(incident, at)
    searching.index(incident)
    return incident


def note(incident_id: int, text: str, *, by: User, at: datetime) -> Entry:
    """A note for the responders, in Markdown. Raises: Invalid, empty or too long."""
    if not text.strip():
        raise Invalid("The note is empty.")
    render.refuse_too_long(text)
    html = render.to_html(text, short=True)  # before the transaction: it may take two seconds
    with transaction.atomic():
        return timeline.append(locked(incident_id), kind="note", at=at, by=by, text="Note", body=render.clean(text), html=html)


def set_quiet(incident: Incident, since: datetime | None, *, at: datetime) -> None:
    """No alert of it fires any more, or one fires again (`since` None). Nothing resolves itself. In the caller's transaction."""
    was = incident.quiet_since
    if was == since:
        return
    incident.quiet_since = since
    store(incident)
    if was is None and since is not None:
        timeline.append(
            incident,
            kind="alert_ended",
            at=at,
            by=None,
            text=f"Quiet since {since:%H:%M} UTC: every alert has ended. Resolve it when impact is over.",
        )


def _who_moved(incident: Incident) -> str:
    entry = timeline.story(incident).filter(kind__in=["status", "reopened", "ack", "merge"]).last()
    who = f" by {entry.by}" if entry and entry.by else ""
    when = f" at {entry.at:%H:%M} UTC" if entry else ""
    return f"{incident.reference} was already moved to {incident.get_status_display().lower()}{who}{when}. Look again before you decide."
