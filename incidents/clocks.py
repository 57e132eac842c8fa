"""Clocks of an incident: each is a due row that nags the right person and is judged afterwards (product.md section 5).

A promise is due, then late; what settles it says whether it was kept, late or, when nothing came, missed.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from incidents import roles, timeline
from incidents.locks import locked
from incidents.models import Cadence, Holding, Incident, Promise
from portal import due
from portal.accounts.models import User
from portal.models import Due
from portal.notify import outbox
from portal.notify.models import Message

DUE = "incidents.promise"
LEASE = timedelta(seconds=12)
Kind, Verdict = Promise.Kind, Promise.Verdict
ABOUT_UPDATES = (Kind.FIRST_UPDATE, Kind.SCOPE, Kind.UPDATE)
LEARNING = (Kind.DRAFT, Kind.PUBLISH)

_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
# What a new installation asks; rows of Cadence say otherwise.
SHIPPED = {
    1: Cadence(
        severity=1,
        acknowledge=5 * _MINUTE,
        first_update=5 * _MINUTE,
        scope=5 * _MINUTE,
        update_every=15 * _MINUTE,
        grace=5 * _MINUTE,
        long_after=2 * _HOUR,
        long_every=30 * _MINUTE,
        watch=30 * _MINUTE,
        draft=24 * _HOUR,
        publish=48 * _HOUR,
    ),
    2: Cadence(
        severity=2,
        acknowledge=5 * _MINUTE,
        first_update=10 * _MINUTE,
        scope=5 * _MINUTE,
        update_every=15 * _MINUTE,
        grace=15 * _MINUTE,
        long_after=2 * _HOUR,
        long_every=60 * _MINUTE,
        watch=15 * _MINUTE,
        draft=24 * _HOUR,
        publish=48 * _HOUR,
    ),
    3: Cadence(severity=3, grace=4 * _HOUR),
    4: Cadence(severity=4),
}


def cadence(severity: int) -> Cadence:
    """What that severity asks: its row, else what is shipped. 1 query."""
    return Cadence.objects.filter(severity=severity).first() or SHIPPED[severity]


def opened(incident: Incident, at: datetime) -> None:
    """Somebody has to acknowledge. In the caller's transaction."""
    asked = cadence(incident.severity)
    if asked.acknowledge:
        promise(incident, Kind.ACKNOWLEDGE, made_at=at, due_at=at + asked.acknowledge)


def declared(incident: Incident, at: datetime) -> None:
    """A person confirmed it: the first update is due."""
    asked = cadence(incident.severity)
    if asked.first_update and not incident.updates.exists():
        promise(incident, Kind.FIRST_UPDATE, made_at=at, due_at=at + asked.first_update)


def severity_changed(incident: Incident, at: datetime) -> None:
    """A worse severity asks sooner; one that asks nothing withdraws what runs. In the caller's transaction."""
    asked = cadence(incident.severity)
    running = {p.kind: p for p in incident.promises.filter(verdict=Verdict.OPEN)}
    if not (asked.first_update or asked.update_every):
        withdraw(incident, ABOUT_UPDATES, at=at)
    elif not incident.waits and not incident.is_over and not any(kind in running for kind in ABOUT_UPDATES):
        restart(incident, at)


def restart(incident: Incident, at: datetime) -> None:
    """After a move backward: the watch is over, what was promised about learning is withdrawn, an update is due as the cadence asks."""
    withdraw(incident, (Kind.WATCH, *LEARNING, *ABOUT_UPDATES), at=at)
    asked = cadence(incident.severity)
    wait = asked.update_every if incident.updates.exists() else asked.first_update or asked.update_every
    if wait:
        kind = Kind.UPDATE if incident.updates.exists() else Kind.FIRST_UPDATE
        promise(incident, kind, made_at=at, due_at=at + wait)


def mitigated(incident: Incident, at: datetime) -> None:
    """The watch begins: metrics have to stay normal for so long."""
    asked = cadence(incident.severity)
    if asked.watch:
        promise(incident, Kind.WATCH, made_at=at, due_at=at + asked.watch)


def resolved(incident: Incident, at: datetime) -> None:
    """The postmortem is asked for; the update clock runs on until the final update."""
    settle(incident, (Kind.WATCH,), at=at)
    asked = cadence(incident.severity)
    for kind, within in ((Kind.DRAFT, asked.draft), (Kind.PUBLISH, asked.publish)):
        if within:
            promise(incident, kind, made_at=at, due_at=at + within)


def over(incident: Incident, at: datetime) -> None:
    """Cancelled or merged: nothing is asked any more."""
    withdraw(incident, Kind.values, at=at)


def update_posted(incident: Incident, at: datetime, *, next_at: datetime | None) -> None:
    """Settles what was asked of updates and promises the next one; None: it was the final one. In the caller's transaction."""
    first = not incident.promises.filter(kind__in=ABOUT_UPDATES).exclude(verdict=Verdict.OPEN).exists()
    settle(incident, ABOUT_UPDATES, at=at)
    if next_at is not None:
        promise(incident, Kind.SCOPE if first and cadence(incident.severity).scope else Kind.UPDATE, made_at=at, due_at=next_at)


def next_update_at(incident: Incident, at: datetime) -> datetime | None:
    """What the cadence would promise with an update sent at `at`: the scope after the first, then the rhythm, after two hours the long one."""
    asked = cadence(incident.severity)
    sent = incident.updates.count()
    if sent == 0 and asked.scope:
        return at + asked.scope
    if is_long(incident, at, asked) and asked.long_every:
        return at + asked.long_every
    return at + asked.update_every if asked.update_every else None


def is_long(incident: Incident, at: datetime, asked: Cadence | None = None) -> bool:
    """It has run for so long that the slower rhythm may be confirmed."""
    asked = asked or cadence(incident.severity)
    began = incident.acknowledged_at or incident.opened_at
    return bool(asked.long_after and at - began >= asked.long_after)


def promise(incident: Incident, kind: str, *, made_at: datetime, due_at: datetime) -> Promise:
    """One clock of its kind, set anew if it runs already. In the caller's transaction."""
    grace = cadence(incident.severity).grace if kind in ABOUT_UPDATES else timedelta(0)
    withdraw(incident, (kind,), at=made_at)
    made = Promise.objects.create(incident=incident, kind=kind, made_at=made_at, due_at=due_at, late_at=due_at + grace)
    due.put(DUE, str(made.pk), at=due_at, priority=2)
    return made


def settle(incident: Incident, kinds: Iterable[str], *, at: datetime) -> list[Promise]:
    """What ran of these kinds, judged: kept up to its late time (included), late after it. In the caller's transaction."""
    found = list(incident.promises.filter(kind__in=list(kinds), verdict=Verdict.OPEN))
    for running in found:
        running.settled_at = at
        running.verdict = Verdict.KEPT if at <= running.late_at else Verdict.LATE
        running.save(update_fields=["settled_at", "verdict"])
    due.cancel(DUE, [str(running.pk) for running in found])
    return found


def withdraw(incident: Incident, kinds: Iterable[str], *, at: datetime) -> None:
    """No longer asked; one that is late already was missed. In the caller's transaction."""
    for running in incident.promises.filter(kind__in=list(kinds), verdict=Verdict.OPEN):
        running.settled_at = at
        running.verdict = Verdict.MISSED if at > running.late_at and running.kind != Kind.WATCH else Verdict.WITHDRAWN
        running.save(update_fields=["settled_at", "verdict"])
        due.cancel(DUE, [str(running.pk)])


def restart_watch(incident: Incident, at: datetime, *, why: str) -> bool:
    """A metric left its band while the watch runs: it begins anew. True: told on the timeline, once each time. In the caller's transaction."""
    running = incident.promises.filter(kind=Kind.WATCH, verdict=Verdict.OPEN).first()
    asked = cadence(incident.severity).watch
    if running is None or not asked:
        return False
    told = running.nagged_at is None
    running.made_at, running.due_at, running.late_at = at, at + asked, at + asked
    running.nagged_at = at
    running.save(update_fields=["made_at", "due_at", "late_at", "nagged_at"])
    if not due.move(DUE, str(running.pk), at=running.due_at):  # it was over already, and said so
        due.put(DUE, str(running.pk), at=running.due_at, priority=2)
    if told:
        timeline.append(incident, kind="watch", at=at, by=None, text=f"{why}: the watch begins anew")
    return told


def back_in_band(incident: Incident, at: datetime) -> None:
    """Metrics are normal again: the next time they leave their band is told again."""
    incident.promises.filter(kind=Kind.WATCH, verdict=Verdict.OPEN).exclude(nagged_at=None).update(nagged_at=None)


def watch_left(incident: Incident, at: datetime) -> timedelta | None:
    """How long the metrics still have to stay normal; None: no watch runs, or it is over. 1 query."""
    running = incident.promises.filter(kind=Kind.WATCH, verdict=Verdict.OPEN).first()
    return running.due_at - at if running and running.due_at > at else None


@dataclass(frozen=True, slots=True)
class Clock:
    """The one that matters now. state: calm, due (within 5 min) or late."""

    promise: Promise
    words: str
    state: str


WORDS = {
    Kind.ACKNOWLEDGE: "Acknowledge within",
    Kind.FIRST_UPDATE: "First update due in",
    Kind.SCOPE: "Update with scope due in",
    Kind.UPDATE: "Next update due in",
    Kind.WATCH: "Can be resolved in",
    Kind.DRAFT: "Postmortem draft due in",
    Kind.PUBLISH: "Publish postmortem in",
}


def running(incident: Incident, now: datetime) -> list[Clock]:
    """Every clock that runs, the soonest first. 1 query."""
    found = incident.promises.filter(verdict=Verdict.OPEN).order_by("due_at")
    return [Clock(p, WORDS[Kind(p.kind)], state_of(p, now)) for p in found]


def state_of(asked: Promise, now: datetime) -> str:
    if asked.kind == Kind.WATCH:
        return "calm"
    return "late" if now > asked.late_at else "due" if asked.due_at - now <= 5 * _MINUTE else "calm"


def handle(row: Due, now: datetime) -> None:
    """The handler of `incidents.promise`: nag when it is due, say so when it is late, then rest."""
    found = Promise.objects.filter(pk=row.key).values_list("incident", flat=True).first()
    with transaction.atomic():
        incident = locked(found) if found else None
        asked = Promise.objects.filter(pk=row.key, verdict=Verdict.OPEN).first()
        if incident is None or asked is None:
            due.settle(row)
            return
        if asked.due_at > now:
            due.postpone(row, asked.due_at)
            return
        if not _still_ours(row, asked, now):
            return
        if asked.kind == Kind.WATCH:
            timeline.append(incident, kind="watch", at=now, by=None, text="The watch is over: it can be resolved")
        elif now > asked.late_at:
            _say_late(incident, asked, now)
        else:
            _nag(incident, asked, roles.whom_to_nag(incident), now, "is due")


def _still_ours(row: Due, asked: Promise, now: datetime) -> bool:
    """Settle the row, or put it off to the moment after which it is late."""
    is_last = asked.kind == Kind.WATCH or now > asked.late_at
    if is_last:
        return due.settle(row)
    return due.postpone(row, asked.late_at + timedelta(seconds=1))


def _say_late(incident: Incident, asked: Promise, now: datetime) -> None:
    asked.told_late_at = now
    asked.save(update_fields=["told_late_at"])
    timeline.append(incident, kind="late", at=now, by=None, text=f"{Kind(asked.kind).label} is late: it was due at {asked.due_at:%H:%M} UTC")
    commander = roles.held(incident).get(Holding.Role.COMMANDER)
    _nag(incident, asked, commander[0].person if commander else roles.whom_to_nag(incident), now, "is late")


def _nag(incident: Incident, asked: Promise, person: User | None, now: datetime, how: str) -> None:
    """One notice a promise and rung; acknowledging is nagged by paging itself."""
    asked.nagged_at = now
    asked.save(update_fields=["nagged_at"])
    if person is None or asked.kind == Kind.ACKNOWLEDGE:
        return
    outbox.queue(
        person,
        channel="email",
        purpose=Message.Purpose.NOTICE,
        subject=f"{Kind(asked.kind).label} {how}: {incident.title} ({incident.reference})",
        body=f"{Kind(asked.kind).label} of {incident.reference} {how}. It was promised for {asked.due_at:%H:%M} UTC.\n\n{incident.link}",
        dedup_key=f"promise:{asked.pk}:{how}",
        at=now,
        about=incident.subject,
        priority=2,
        practice=incident.kind == Incident.Kind.DRILL,
    )


def judged(incident: Incident) -> list[Promise]:
    """What was promised about updates and how it was kept: promised, sent, late by. For the postmortem. 1 query."""
    return list(incident.promises.exclude(verdict__in=[Verdict.OPEN, Verdict.WITHDRAWN]))


def lay_out(now: datetime) -> str:
    """The seed chapter: the shipped rows, where none exists."""
    missing = [copy(row) for severity, row in SHIPPED.items() if not Cadence.objects.filter(severity=severity).exists()]
    Cadence.objects.bulk_create(missing)
    return f"clocks of {len(missing)} severities" if missing else ""
