"""Two incidents that are one: the second belongs to the first, and may be split out again (product.md section 4)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max, Q, QuerySet

from incidents import clocks, lifecycle, paging, searching, timeline
from incidents.locks import REASON_AT_LEAST, locked, store
from incidents.models import Episode, Incident
from incidents.models.incident import Status
from incidents.status_page import publishing
from portal import journal
from portal.errors import Invalid

if TYPE_CHECKING:
    from portal.accounts.models import User


@transaction.atomic
def merge(incident_id: int, into_id: int, *, by: User, at: datetime, reason: str = "") -> Incident:
    """The first belongs to the second from now on: its alerts and its story are shown there, its paging stops.

    What was merged into the first goes along. The second takes the worse severity. Raises: WrongStatus, Invalid.
    """
    first, second = _pair(incident_id, into_id)
    _check(first, second)
    moved = list(first.episodes.values_list("pk", flat=True))
    Episode.objects.filter(pk__in=moved).update(incident=second)
    for along in first.merged.select_for_update().order_by("pk"):
        along.merged_into = second
        store(along)
    paging.stop(first, why=f"merged into {second.reference}", over_at=at)
    clocks.over(first, at)
    first.status_before_merge, first.status, first.merged_into = first.status, Status.MERGED, second
    store(first)
    why = f": {reason.strip()}" if reason.strip() else ""
    timeline.append(first, kind="merge", at=at, by=by, text=f"Merged into {second.reference}{why}", url=_url(second), data={"episodes": moved})
    timeline.append(second, kind="merge", at=at, by=by, text=f"{first.reference} “{first.title}” merged into this{why}", url=_url(first))
    lifecycle.raise_severity(second, first.severity, at=at, why=f"{first.reference} was merged into this")
    _settle(first, second, at)
    return first


@transaction.atomic
def split(incident_id: int, *, by: User, at: datetime, reason: str) -> Incident:
    """Its own incident again, with the status it had and its alerts, those that came meanwhile too. Raises: WrongStatus, Invalid."""
    home = Incident.objects.filter(pk=incident_id).values_list("merged_into", flat=True).get()
    if home is None:
        raise lifecycle.WrongStatus("It is merged into nothing, so there is nothing to split out.")
    if len(reason.strip()) < REASON_AT_LEAST:
        raise Invalid(f"Splitting needs a reason of at least {REASON_AT_LEAST} characters.")
    first, second = _pair(incident_id, home)
    _its_episodes(first, second).update(incident=first)
    first.status, first.status_before_merge, first.merged_into = first.status_before_merge or Status.INVESTIGATING, "", None
    store(first)
    told = f"Split out of {second.reference}: {reason.strip()}"
    timeline.append(first, kind="merge", at=at, by=by, text=told, url=_url(second))
    timeline.append(second, kind="merge", at=at, by=by, text=f"{first.reference} split out again: {reason.strip()}", url=_url(first))
    if first.status == Status.TRIAGE:
        clocks.opened(first, at)
        paging.begin(first, at)
    elif not first.is_over:
        clocks.restart(first, at)
    _settle(first, second, at)
    return first


def _pair(first_id: int, second_id: int) -> tuple[Incident, Incident]:
    """Both, locked in the order of their ids. Raises: Invalid, they are one."""
    if first_id == second_id:
        raise Invalid("An incident cannot be merged into itself. Choose another one.")
    found = {pk: locked(pk) for pk in sorted((first_id, second_id))}
    return found[first_id], found[second_id]


def _check(first: Incident, second: Incident) -> None:
    if first.status in (Status.MERGED, Status.CLOSED, Status.CANCELLED):
        raise lifecycle.WrongStatus(f"{first.reference} is {first.get_status_display().lower()} and cannot be merged.")
    if second.is_over:
        raise lifecycle.WrongStatus(f"{second.reference} is {second.get_status_display().lower()}: choose an open incident.")
    if first.kind != second.kind:
        raise Invalid("A drill cannot be merged with a real incident.")
    if first.is_restricted and not second.is_restricted:
        raise Invalid(f"{first.reference} is restricted and {second.reference} is not: restrict that one first, or everybody reads the story.")


def _its_episodes(first: Incident, second: Incident) -> QuerySet[Episode]:
    """Those it brought along, and those of its own alerts that came since."""
    entry = journal.entries(first.subject).filter(kind="merge", data__has_key="episodes").last()
    brought = Q(pk__in=entry.data["episodes"] if entry else [])
    own = Q(alert__correlation_key=first.correlation_key) if first.correlation_key else Q()
    return Episode.objects.filter(brought | own if first.correlation_key else brought, incident=second)


def _settle(first: Incident, second: Incident, at: datetime) -> None:
    """Quiet or firing, and findable, after episodes changed their place."""
    for incident in (first, second):
        ended = incident.episodes.aggregate(last=Max("ending_received_at"))["last"]
        firing = incident.episodes.filter(ended_at=None).exists()
        if not incident.is_over:
            lifecycle.set_quiet(incident, None if firing else ended, at=at)
        searching.index(incident)
    publishing.later(at)


def _url(incident: Incident) -> str:
    return f"/incidents/{incident.pk}/"
