"""Alerts as people see them: what fires, what has no incident, what ended; and what they do with it by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.fields.json import KeyTransform

from incidents import lifecycle, paging, searching, timeline
from incidents.models import Alert, Episode, Incident
from portal.accounts.models import User
from portal.errors import Invalid

SHOWS = {"open": "Open", "inbox": "No incident", "ended": "Ended today", "problems": "Problems"}
AT_ONCE = 200  # alerts taken in hand together


def episodes(user: User, show: str, now: datetime, *, wanted: str = "") -> QuerySet[Episode]:
    """Of the alerts this person may see: `open`, `inbox` (firing, without an incident) or `ended` (within 24 hours), worst first.

    wanted: `label=value`, or words of the name. Heartbeats are left out.
    """
    found = Episode.objects.filter(alert__in=_matching(user, wanted), alert__severity__isnull=False)
    if show == "ended":
        return found.filter(ended_at__gt=now - timedelta(days=1)).order_by("-ended_at", "-pk")
    found = found.filter(ended_at=None)
    if show == "inbox":
        found = found.filter(incident=None)
    return found.order_by("alert__severity", "-started_at", "-pk")


def _matching(user: User, wanted: str) -> QuerySet[Alert]:
    visible = Alert.objects.visible_to(user)
    label, equals, value = (part.strip() for part in wanted.replace("\x00", " ").partition("="))
    if equals and label:
        return visible.alias(wanted=KeyTransform(label, "labels")).filter(wanted=value.strip('"'))
    return visible.filter(name__icontains=label) if label else visible


@transaction.atomic
def attach(episode_ids: Sequence[int], incident_id: int, *, by: User, at: datetime) -> Incident:
    """Alerts without an incident belong to this one from now on. Raises: Invalid, none of them waits, or the incident is over."""
    incident = Incident.objects.select_for_update().get(pk=incident_id)
    if incident.is_over:
        raise Invalid(f"{incident.reference} is {incident.get_status_display().lower()}. Choose an open incident, or declare one.")
    _take(incident, _waiting(episode_ids), by=by, at=at)
    return incident


@transaction.atomic
def declare(episode_ids: Sequence[int], *, by: User, at: datetime) -> Incident:
    """An incident for these alerts: the words and the service of the worst, its severity, paged as declared by hand."""
    rows = _waiting(episode_ids)
    worst = min(rows, key=lambda row: (row.alert.severity or 4, row.pk)).alert
    incident = lifecycle.declare(
        title=worst.title,
        severity=worst.severity or 4,
        service=worst.service,
        summary=worst.annotations.get("description", ""),
        by=by,
        at=at,
    )
    _take(incident, rows, by=by, at=at)
    return incident


def judge(episode_id: int, use: str, *, by: User, at: datetime) -> Episode:
    """What an alert was worth, with one tap; a second tap corrects the first. Raises: Invalid, a word that is none of the four."""
    if use not in Episode.Use.values:
        raise Invalid(f"Say one of: {', '.join(Episode.Use.values)}.")
    episode = Episode.objects.get(pk=episode_id)
    episode.was_of_use, episode.judged_by, episode.judged_at = use, by, at
    episode.save(update_fields=["was_of_use", "judged_by", "judged_at"])
    return episode


def _waiting(episode_ids: Sequence[int]) -> list[Episode]:
    """Open ones without an incident, their alerts locked in the order of their fingerprints."""
    alerts = Alert.objects.filter(episodes__in=list(episode_ids)[:AT_ONCE]).order_by("fingerprint").select_for_update(of=("self",))
    list(alerts.values_list("pk", flat=True))
    rows = list(Episode.objects.filter(pk__in=list(episode_ids)[:AT_ONCE], incident=None, ended_at=None).select_related("alert__service"))
    if not rows:
        raise Invalid("None of these alerts waits for an incident any more: somebody was faster, or they ended.")
    return rows


def _take(incident: Incident, rows: Sequence[Episode], *, by: User, at: datetime) -> None:
    Episode.objects.filter(pk__in=[row.pk for row in rows], incident=None).update(incident=incident)
    names = ", ".join(sorted({row.alert.title for row in rows})[:5])
    timeline.append(incident, kind="alert", at=at, by=by, text=f"Attached by hand: {names}", data={"alerts": [row.alert_id for row in rows]})
    worst = min(row.alert.severity or 4 for row in rows)
    if lifecycle.raise_severity(incident, worst, at=at, why=f"{names} was attached", page=False) and incident.waits:
        paging.begin(incident, at)
    lifecycle.set_quiet(incident, None, at=at)
    searching.index(incident)


def open_incidents(user: User) -> QuerySet[Incident]:
    """For the choice of where an alert belongs: newest first. 1 query."""
    return Incident.objects.open().visible_to(user).order_by("-pk")


def worth(alert: Alert) -> dict[str, int]:
    """How its episodes were judged: by word, how many. 1 query."""
    told = alert.episodes.exclude(was_of_use="").values_list("was_of_use", flat=True)
    words = [Episode.Use(word).label for word in told]
    return {word: words.count(word) for word in dict.fromkeys(words)}
