"""Whom a new or returned incident pages: at once, with its storm, after maintenance, or once it is sure (alerts.md sections 3 and 4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import Count

from incidents import paging, timeline
from incidents.alerts import storms
from incidents.alerts.cases import Case
from incidents.models import Alert, Delivery, Incident, MaintenanceWindow, Observation
from portal import due

HELD = "incidents.held_page"
FLAPS, FLAPS_WITHIN, STEADY_FOR = 4, timedelta(minutes=30), timedelta(minutes=10)
LAG, ASK_AFTER = timedelta(seconds=60), timedelta(seconds=45)  # a firing of a peer so soon after the end may be its delay


def begin(
    opened: Sequence[Incident],
    raised: Sequence[Incident],
    begun: Mapping[int, Sequence[Case]],
    delivery: Delivery,
    *,
    external_url: str,
    at: datetime,
) -> None:
    """Page for incidents that opened, returned or grew worse, in the caller's transaction, which locks them. `begun`: their alerts that fire."""
    flapping = _flapping({case.alert.pk: case.alert for cases in begun.values() for case in cases if case.undone}, at)
    if not opened and not raised:
        return
    storm = storms.scopes_of(opened, at) if opened else {}
    first = Incident.objects.first_criticals(opened, at)
    windows = {window.service_id: window for window in windows_over([*opened, *raised], at)}
    for incident in [*opened, *raised]:
        cases = begun.get(incident.pk, ())
        window = windows.get(incident.service_id or 0)
        if window:
            hold_for(window, incident, at=at)
        elif incident.pk in storm and incident.pk not in first:
            timeline.append(incident, kind="notice", at=at, by=None, text="Many incidents open at once: paged with the storm, not alone")
        elif cases and all(case.alert.pk in flapping for case in cases):
            hold(incident, until=at + STEADY_FOR, at=at, why="It flaps: paged when it has fired for 10 minutes")
        elif cases and all(_lags(case, delivery, external_url) for case in cases):
            hold(incident, until=at + ASK_AFTER, at=at, why="A peer says it fires just after another said it ended: the source is asked first")
        else:
            paging.begin(incident, at)
    for scope in set(storm.values()):
        storms.gather_soon(scope, at)


def hold_for(window: MaintenanceWindow, incident: Incident, *, at: datetime) -> None:
    """Page when the window ends, if it still fires then."""
    why = f"Maintenance of {window.service}: nobody is paged before {window.ends_at:%H:%M} UTC"
    hold(incident, until=window.ends_at, at=at, why=why, data={"window": window.pk})


def hold(incident: Incident, *, until: datetime, at: datetime, why: str, data: dict[str, int] | None = None) -> None:
    """Page later, if it still fires then."""
    timeline.append(incident, kind="notice", at=at, by=None, text=why, data=data or {})
    due.cancel(HELD, [str(incident.pk)])
    due.put(HELD, str(incident.pk), at=until, priority=0)


def windows_over(incidents: Iterable[Incident], at: datetime) -> list[MaintenanceWindow]:
    """Maintenance that holds back the pages of these incidents at `at`, the one that ends last behind the others. 1 query, none for no service."""
    services = {incident.service_id for incident in incidents if incident.service_id}
    if not services:
        return []
    return list(MaintenanceWindow.objects.covering(at).filter(service__in=services).select_related("service").order_by("ends_at", "pk"))


def _flapping(returned: Mapping[int, Alert], at: datetime) -> set[int]:
    """Ids of alerts that returned too often lately; the badge is set, or taken away once they held a state. 1 query, none for nothing."""
    if not returned:
        return set()
    lately = Observation.objects.filter(alert__in=list(returned), made="reopened", received_at__gt=at - FLAPS_WITHIN)
    counts = dict(lately.order_by().values_list("alert").annotate(Count("pk")))
    flapping = {pk for pk in returned if counts.get(pk, 0) >= FLAPS}
    Alert.objects.filter(pk__in=flapping, flapping_since=None).update(flapping_since=at)
    Alert.objects.filter(pk__in=set(returned) - flapping).exclude(flapping_since=None).update(flapping_since=None)
    return flapping


def _lags(case: Case, delivery: Delivery, external_url: str) -> bool:
    """Did this firing come within a minute of the end, and from another Alertmanager than the one that told of the end?"""
    if case.undone is None or delivery.received_at - case.undone > LAG:
        return False
    ended = Observation.objects.filter(alert=case.alert, received_at=case.undone, is_firing=False).select_related("delivery").first()
    return ended is not None and ended.delivery.external_url != external_url
