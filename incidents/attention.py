"""An acknowledgement is a promise to act: after 30 minutes without any activity its person is asked, and ten minutes later paging resumes."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from incidents import lifecycle, timeline
from incidents.locks import locked
from incidents.models import Incident
from incidents.models.incident import Status
from incidents.paging import ATTENTION, IDLE_AFTER, subject_of
from portal import due
from portal.models import Due
from portal.notify import outbox
from portal.notify.models import Message

RESUMES_AFTER = timedelta(minutes=10)  # after the question
HELD = (Status.INVESTIGATING, Status.IDENTIFIED)


def watch(row: Due, now: datetime) -> None:
    """The handler of `incidents.attention`: look for activity since, ask once, then page anew."""
    with transaction.atomic():
        incident = locked(int(row.key))
        if not due.settle(row) or incident.status not in HELD or incident.acknowledged_at is None:
            return
        last = last_activity(incident)
        if now - last < IDLE_AFTER:
            due.put(ATTENTION, row.key, at=last + IDLE_AFTER, priority=1)
            return
        asked_at = _asked_since(incident, last)
        if asked_at is None:
            _ask(incident, last, now)
            due.put(ATTENTION, row.key, at=now + RESUMES_AFTER, priority=1)
        elif now - asked_at < RESUMES_AFTER:
            due.put(ATTENTION, row.key, at=asked_at + RESUMES_AFTER, priority=1)
        else:
            lifecycle.attention_lost(incident, now, why=f"no activity since {last:%H:%M} UTC, and no answer to the question")


def last_activity(incident: Incident) -> datetime:
    """When a person last did something about it; at least the acknowledgement. 1 query."""
    latest = timeline.story(incident).filter(by__isnull=False).order_by("-recorded_at").values_list("recorded_at", flat=True).first()
    acknowledged = incident.acknowledged_at or incident.opened_at
    return max(latest, acknowledged) if latest else acknowledged


def _asked_since(incident: Incident, last: datetime) -> datetime | None:
    entry = timeline.story(incident).filter(kind="notice", data__asks=True, at__gt=last).order_by("-at").first()
    return entry.at if entry else None


def _ask(incident: Incident, last: datetime, now: datetime) -> None:
    person = incident.acknowledged_by
    if person is None:
        return
    text = f"{person} was asked: still on it? Nothing has happened since {last:%H:%M} UTC."
    timeline.append(incident, kind="notice", at=now, by=None, text=text, data={"asks": True})
    outbox.queue(
        person,
        channel="email",
        purpose=Message.Purpose.NOTICE,
        subject=f"Still on it? {subject_of(incident)}",
        body=(
            f"You acknowledged {incident.reference} and nothing has been noted since {last:%H:%M} UTC.\n"
            f"Write a note or move its status, or it is paged anew at {now + RESUMES_AFTER:%H:%M} UTC:\n"
            f"{settings.BASE_URL}/incidents/{incident.pk}/"
        ),
        dedup_key=f"attention:{incident.pk}:{incident.pages_begun}:{last:%Y%m%d%H%M%S}",
        at=now,
        about=incident.subject,
        priority=1,
        practice=incident.kind == Incident.Kind.DRILL,
    )
