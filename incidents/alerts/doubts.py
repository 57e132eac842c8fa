"""When ends are not believed: the source's Watchdog ended, or many of its alerts ended at once (alerts.md section 6).

The ends are recorded; what waits is `quiet_since`. Whether it waits follows from the stored facts alone, so the order in which
deliveries are worked off does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Count, Max, Q

from incidents import lifecycle, timeline
from incidents.alerts import asking
from incidents.alerts.cases import Case
from incidents.models import Delivery, Episode, Incident, Source
from incidents.models.incident import Status

MANY = 5  # ends within TOGETHER
TOGETHER = timedelta(seconds=60)
BEFORE_STALE = timedelta(minutes=5)  # a hung Prometheus ends its alerts one after another, the Watchdog last


def believed(source: Source, last_end: datetime | None) -> datetime | None:
    """`last_end` (when the last end was received), or None while the source is not believed about it."""
    if last_end is None:
        return None
    if source.stale_since and last_end >= source.stale_since - BEFORE_STALE:
        return None
    if source.doubted_since and last_end >= source.doubted_since - TOGETHER:
        return None
    return last_end


def weigh(delivery: Delivery, cases: Iterable[Case]) -> None:
    """After the episodes are written: did many alerts end at once, with nobody working on them? 2 queries where something ended."""
    source = delivery.source
    ended = [case for case in cases if not case.is_heartbeat and any(row.ended_at and row.was_firing for row in case.changed)]
    if not ended or not _can_be_confirmed(source) or delivery.kind == Delivery.Kind.RECONCILE:
        return
    at = delivery.received_at
    firing = Episode.objects.filter(alert__source=source, alert__severity__isnull=False, was_firing=True)
    together = firing.filter(ending_received_at__gt=at - TOGETHER, ending_received_at__lte=at)
    untouched = together.filter(Q(incident=None) | Q(incident__status=Status.TRIAGE)).count()
    if untouched < MANY and (untouched < 2 or firing.filter(ended_at=None).exists()):
        return
    if (source.doubted_since and source.doubted_since >= at) or (source.last_heartbeat_at and source.last_heartbeat_at > at):
        return
    source.doubted_since = at
    Source.objects.filter(pk=source.pk).update(doubted_since=at)
    asking.soon(source, at)
    _say(source, at)


def lift(source: Source, at: datetime) -> None:
    """The source was asked and confirmed what it said. In the caller's transaction."""
    if source.doubted_since and source.doubted_since <= at:
        source.doubted_since = None
        Source.objects.filter(pk=source.pk).update(doubted_since=None)
        look_again(source, at)


def look_again(source: Source, at: datetime) -> None:
    """The source is believed now, or no longer: its incidents without a firing alert become quiet, or are not quiet after all."""
    episodes = Episode.objects.filter(incident__in=Incident.objects.open(), alert__source=source)
    counted = episodes.order_by().values("incident").annotate(last=Max("ending_received_at"))
    ids = [row["incident"] for row in counted if row["last"]]
    for incident in Incident.objects.filter(pk__in=ids).order_by("pk").select_for_update(of=("self",)):
        of_all = incident.episodes.aggregate(firing=Count("pk", filter=Q(ended_at=None)), last=Max("ending_received_at"))
        if not of_all["firing"]:
            lifecycle.set_quiet(incident, believed(source, of_all["last"]), at=at)


def _can_be_confirmed(source: Source) -> bool:
    """Only a doubt that something can lift is held: an address to ask, or a Watchdog."""
    return bool(source.api_urls.strip() or source.last_heartbeat_at)


def _say(source: Source, at: datetime) -> None:
    touched = Episode.objects.filter(alert__source=source, ending_received_at__gt=at - TOGETHER, ending_received_at__lte=at)
    for incident in Incident.objects.open().filter(pk__in=touched.values("incident")).order_by("pk"):
        text = f"Many alerts of “{source.name}” ended at once: the source may be down, so nothing counts as quiet until it is confirmed"
        timeline.append(incident, kind="notice", at=at, by=None, text=text)
