"""The meeting after an incident: one time, an invitation for every calendar, everybody who took part."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from icalendar import Calendar, Event, vUri

from incidents import checking, timeline
from incidents.locks import locked, store
from incidents.models import Incident, Meeting
from portal.accounts.models import User
from portal.errors import Invalid
from portal.notify import outbox
from portal.notify.channels.email import clean_header
from portal.notify.models import Message

if TYPE_CHECKING:
    from collections.abc import Iterable


@transaction.atomic
def schedule(incident_id: int, *, starts_at: datetime, minutes: int, place: str, by: User, at: datetime) -> Meeting:
    """Set or move it; every responder is told with a link to the invitation. Raises: Invalid."""
    if starts_at <= at:
        raise Invalid("Choose a time ahead.")
    if not 5 <= minutes <= 480:
        raise Invalid("A meeting takes from 5 to 480 minutes.")
    incident = locked(incident_id)
    before = Meeting.objects.filter(incident=incident).first()
    found = before or Meeting(incident=incident)
    found.starts_at, found.minutes, found.place, found.set_by = starts_at, minutes, " ".join(place.split())[:200], by
    found.sequence += 1 if before else 0
    found.save()
    timeline.append(incident, kind="meeting", at=at, by=by, text=f"Postmortem meeting: {starts_at:%d %b %H:%M} UTC, {minutes} min")
    checking.look(incident, at, "meeting")
    store(incident)
    _tell(incident, found, at)
    return found


def people_of(incident: Incident) -> Iterable[User]:
    """Everybody who acted in it or held a role. 1 query."""
    acted = timeline.story(incident).exclude(by=None).values("by")
    return User.objects.filter(is_active=True, is_service=False).filter(pk__in=acted) | User.objects.filter(
        is_active=True, pk__in=incident.roles.values("person")
    )


def invitation(found: Meeting, people: Iterable[User]) -> bytes:
    """An iCalendar (RFC 5545) of one event; a name or title cannot break out of its line."""
    incident = found.incident
    calendar = Calendar()
    calendar.add("prodid", "-//Standby//Meetings//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "REQUEST" if found.sequence else "PUBLISH")
    event = Event()
    event.add("uid", f"meeting-{incident.pk}@{settings.BASE_URL.rpartition('/')[2].partition(':')[0]}")
    event.add("sequence", found.sequence)
    event.add("dtstamp", found.starts_at)
    event.add("dtstart", found.starts_at)
    event.add("dtend", found.starts_at + timedelta(minutes=found.minutes))
    event.add("summary", clean_header(f"Postmortem of {incident.reference}: {incident.title}"))
    event.add("description", f"Review the timeline, agree on action items.\n{incident.link}")
    event.add("url", incident.link)
    if found.place:
        event.add("location", clean_header(found.place))
    for person in people:
        attendee = vUri(f"mailto:{person.email}")
        attendee.params["CN"] = clean_header(person.name).replace('"', "'")
        event.add("attendee", attendee, encode=False)
    calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written


def known(incident: Incident) -> str:
    """The fact of the checklist."""
    found = Meeting.objects.filter(incident=incident).first()
    return f"{found.starts_at:%d %b %H:%M} UTC" if found else ""


def _tell(incident: Incident, found: Meeting, at: datetime) -> None:
    when = f"{found.starts_at:%A %d %B %H:%M} UTC, {found.minutes} min. {found.place}"
    for person in people_of(incident):
        outbox.queue(
            person,
            channel="email",
            purpose=Message.Purpose.NOTICE,
            subject=f"Postmortem meeting of {incident.reference} on {found.starts_at:%d %b %H:%M} UTC",
            body=f"{incident.title}\n\n{when}\n\nInvitation: {incident.link}meeting.ics",
            dedup_key=f"meeting:{incident.pk}:{found.sequence}:{person.pk}",
            at=at,
            priority=3,
        )
