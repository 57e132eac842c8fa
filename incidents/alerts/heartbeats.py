"""The Watchdog of each source: it says that alerting works, and its silence is an incident (alerts.md section 6)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from incidents import lifecycle, paging, timeline
from incidents.alerts import asking, doubts
from incidents.alerts.cases import Case
from incidents.models import Delivery, Episode, Incident, Source
from oncall.models import Service
from portal import due
from portal.locking import locked
from portal.models import Due

CHECK = "alerts.heartbeat"
LEASE = timedelta(seconds=30)
MONITORING = "monitoring"  # the service whose team hears of a silent source, if there is one
NAMED = 10


def beat(delivery: Delivery, cases: Iterable[Case]) -> None:
    """A Watchdog that fires sets the source's heartbeat and when its silence counts; one that ended says that Prometheus stopped.

    In the caller's transaction.
    """
    for case in cases:
        if not case.is_heartbeat or not case.rows:
            continue
        source, last = delivery.source, case.rows[-1]
        source.refresh_from_db(fields=["stale_since", "doubted_since", "last_heartbeat_at"])
        was_stale = source.stale_since
        if last.ended_at:
            source.stale_since = last.ending_received_at
            Source.objects.filter(pk=source.pk).update(stale_since=source.stale_since)
            asking.soon(source, delivery.received_at)
        else:
            source.stale_since, source.last_heartbeat_at = None, last.last_seen_at
            Source.objects.filter(pk=source.pk).update(stale_since=None, last_heartbeat_at=last.last_seen_at)
            _expect_next(source, last.last_seen_at)
            if source.doubted_since and last.last_seen_at > source.doubted_since:
                doubts.lift(source, last.last_seen_at)
        if was_stale != source.stale_since:
            doubts.look_again(source, delivery.received_at)
        if was_stale and source.stale_since is None:
            _is_back(source, delivery.received_at)


def check(row: Due, now: datetime) -> None:
    """The handler of `alerts.heartbeat`: silent for too long opens a SEV1 for whoever looks after monitoring."""
    with transaction.atomic():
        source = next(iter(locked(Source.objects.select_related("default_service").filter(pk=row.key))), None)
        if not due.settle(row) or source is None or not source.is_enabled or source.last_heartbeat_at is None:
            return
        if now - source.last_heartbeat_at < source.silent_after:
            _expect_next(source, source.last_heartbeat_at)
            return
        source.stale_since = source.stale_since or now
        source.save(update_fields=["stale_since"])
        doubts.look_again(source, now)
        _open(source, now)


def _open(source: Source, now: datetime) -> None:
    firing = Episode.objects.filter(alert__source=source, ended_at=None).exclude(alert__severity=None)
    names = [str(name) for name in firing.values_list("alert__name", flat=True).distinct()[:NAMED]]
    unknown = f"Still counted as firing, and no longer confirmed: {', '.join(names)}." if names else "Nothing of it was firing when it fell silent."
    try:
        with transaction.atomic():
            incident = lifecycle.open_from_alert(
                title=f"Source “{source.name}” is silent",
                summary=(
                    f"No Watchdog since {source.last_heartbeat_at:%d %b %H:%M} UTC. Prometheus, Alertmanager or the way between them and "
                    f"this portal is broken: new alerts of this source do not arrive, and ends are not believed. {unknown}"
                ),
                severity=1,
                service=Service.objects.filter(slug=MONITORING).first() or source.default_service,
                correlation_key=_key(source),
                at=now,
                detected_at=now,
                opened_from=source.name,
                page=False,
            )
            paging.begin(incident, now)
    except IntegrityError:
        return  # it is open already


def _is_back(source: Source, at: datetime) -> None:
    """Its own incident, if any, becomes quiet; people resolve it."""
    incident = Incident.objects.open().filter(correlation_key=_key(source), takes_alerts=True).first()
    if incident:
        timeline.append(incident, kind="alert_ended", at=at, by=None, text="The Watchdog arrives again")
        lifecycle.set_quiet(incident, at, at=at)


def _expect_next(source: Source, beat_at: datetime) -> None:
    at = beat_at + source.silent_after
    if not due.move(CHECK, str(source.pk), at=at):
        due.put(CHECK, str(source.pk), at=at, priority=0)


def _key(source: Source) -> str:
    return hashlib.sha256(f"silent {source.name}".encode()).hexdigest()
