"""Ask the source what fires there and compare it with what we know (alerts.md section 5).

What it says is told to the ledger as deliveries of kind `reconcile` and worked off by the one door. No answer, an error or half an
answer changes nothing but the age of what was confirmed. Nothing here closes an incident.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from incidents.alerts import alertmanager, asking, doubts, ingest, ledger
from incidents.alerts.asking import Listing
from incidents.models import Delivery, Episode, Incident, Source
from portal import due
from portal.models import Due
from portal.outbound import Unreachable

LEASE = timedelta(seconds=60)
SILENCES_KEPT = 200


def run(row: Due, now: datetime) -> None:
    """The handler of `alerts.reconcile`: ask, compare, and come back in two minutes."""
    source = Source.objects.select_related("default_service__team").filter(pk=row.key, is_enabled=True).exclude(api_urls="").first()
    if source is None:
        due.settle(row)
        return
    compare(source, now)
    due.postpone(row, now + settings.RECONCILE_EVERY)


def ask_before_paging(incident: Incident, now: datetime) -> None:
    """For a held page: has it ended there? No answer changes nothing, so the page goes out."""
    sources = Source.objects.select_related("default_service__team").filter(alerts__episodes__incident=incident, is_enabled=True)
    for source in sources.exclude(api_urls="").distinct():
        compare(source, now, incident=incident)


def compare(source: Source, now: datetime, *, incident: Incident | None = None) -> None:
    """One round. `incident`: what it lacks of this one has ended, without waiting for a second answer."""
    try:
        listing = asking.ask(source)
    except Unreachable as trouble:
        Source.objects.filter(pk=source.pk).update(asked_at=now, trouble=str(trouble)[:300])
        return
    with transaction.atomic():
        here = list(Episode.objects.filter(alert__source=source, ended_at=None).select_related("alert").order_by("alert__fingerprint"))
        gone = _mark(here, listing, now, incident=incident)
    missed = [] if incident else _missed(source, listing, {row.alert.fingerprint for row in here}, now)
    for told in (gone, missed):
        if told:
            _deliver(source, told, now)
    with transaction.atomic():
        Source.objects.filter(pk=source.pk).update(asked_at=now, confirmed_at=now, trouble="", silences=_kept(listing, now))
        source.refresh_from_db(fields=["stale_since", "doubted_since"])
        doubts.lift(source, now)


def _kept(listing: Listing, now: datetime) -> list[dict[str, str]]:
    """Silences that still hold, the next to end first."""
    holding = [silence for silence in listing.silences.values() if silence.ends_at and silence.ends_at > now]
    return [silence.as_json() for silence in sorted(holding, key=lambda silence: str(silence.ends_at))][:SILENCES_KEPT]


def _mark(here: Iterable[Episode], listing: Listing, now: datetime, *, incident: Incident | None) -> list[dict[str, Any]]:
    """Write what each open episode looks like there; what ended there without a word, in Alertmanager's shape."""
    gone = []
    for episode in here:
        alert = listing.alerts.get(episode.alert.fingerprint)
        if alert is not None:
            _write(episode, at_source=asking.state_of(alert, listing), confirmed_at=now, missed_at=None)
        elif incident is not None:
            if episode.incident_id == incident.pk:
                gone.append(_ended(episode, now))
        elif listing.up_since is None or now - listing.up_since < settings.RECONCILE_UPTIME or episode.last_seen_at > now - settings.RECONCILE_NOTICE:
            _write(episode, missed_at=None)  # it has only just come up, or told us of it a moment ago
        elif episode.missed_at is None:
            _write(episode, missed_at=now)
        elif now - episode.missed_at >= settings.RECONCILE_APART:
            gone.append(_ended(episode, episode.missed_at))
    return gone


def _write(episode: Episode, **fields: Any) -> None:
    if any(getattr(episode, name) != value for name, value in fields.items()):
        Episode.objects.filter(pk=episode.pk, ended_at=None).update(**fields)


def _ended(episode: Episode, at: datetime) -> dict[str, Any]:
    alert = episode.alert
    known = max(episode.last_starts_at, episode.reopened_after or episode.last_starts_at)
    after_start = max(at, known + timedelta(seconds=1))
    return _alert(alert.labels, alert.annotations, "resolved", episode.started_at, after_start, alert.generator_url)


def _missed(source: Source, listing: Listing, here: set[str], now: datetime) -> list[dict[str, Any]]:
    """What fires there and not here. Silenced and inhibited alerts are dropped before any receiver: not missed."""
    found = []
    for fingerprint, alert in listing.alerts.items():
        starts = alertmanager.moment(str(alert.get("startsAt", "")))
        if fingerprint in here or asking.status_of(alert).get("state") != "active" or starts is None or now - starts < settings.RECONCILE_NOTICE:
            continue
        labels = {str(name): str(value) for name, value in alert["labels"].items()}
        if labels.get("alertname") == "Watchdog" or labels.get("severity", "").strip().lower() == "none":
            continue
        if _told_lately(source, fingerprint, now):
            continue
        found.append(_alert(labels, alert.get("annotations") or {}, "firing", starts, None, str(alert.get("generatorURL", ""))))
    return found


def _told_lately(source: Source, fingerprint: str, now: datetime) -> bool:
    """Its end was told a moment ago; the listing may be older than that."""
    ended = Episode.objects.filter(alert__source=source, alert__fingerprint=fingerprint)
    return ended.filter(ending_received_at__gt=now - settings.RECONCILE_NOTICE).exists()


def _alert(labels: Any, annotations: Any, status: str, starts: datetime, ends: datetime | None, url: str) -> dict[str, Any]:
    return {
        "status": status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": starts.isoformat(),
        "endsAt": ends.isoformat() if ends else "0001-01-01T00:00:00Z",
        "generatorURL": url,
    }


def _deliver(source: Source, alerts: list[dict[str, Any]], now: datetime) -> Delivery:
    """Through the one door, as if the source had told it."""
    raw = json.dumps({"version": "4", "receiver": "reconcile", "alerts": alerts}).encode()
    delivery = ledger.store(source, ledger.received(raw), headers={}, peer="", at=now, kind=Delivery.Kind.RECONCILE)
    ingest.apply(delivery, ingest.parsed(delivery, raw=raw), now=now)
    return delivery
