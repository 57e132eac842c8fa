"""Take over what other tools know: a rotation's shifts and a person's absences from calendar files and addresses."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from oncall import ics, moving, rota
from oncall.models import Absence, Calendar, Override, Rotation
from portal import outbound
from portal.accounts.models import User
from portal.errors import DomainError

AHEAD = timedelta(days=366)
FEED_EVERY = timedelta(hours=1)


def shifts(rotation_id: int, raw: bytes, file: str, *, by: User, at: datetime) -> list[Override]:
    """Write the shifts of an .ics file over a rotation, the coming year at most; importing it again changes nothing.

    Raises: ics.Unreadable with every problem, file and line; then nothing is written.
    """
    rotation = Rotation.objects.get(pk=rotation_id)
    events = [event for event in ics.read(raw, file, start=at, end=at + AHEAD, zone=rotation.zone) if event.is_busy]
    people = _by_name()
    unknown = [event for event in events if _who(event, people) is None]
    if unknown:
        said = {(event.line, event.summary): ics.Problem(file, event.line, f"“{event.summary[:60]}” names nobody here") for event in unknown}
        raise ics.Unreadable(list(said.values()))
    with transaction.atomic():
        rotation = Rotation.objects.select_for_update().get(pk=rotation_id)
        mine = Rotation.objects.filter(pk=rotation_id)
        before = moving.shifts_of(rota.load(at, at + moving.LOOKS_AHEAD, mine)[0], at)
        written = [_write(rotation, event, _who(event, people), file, by, at) for event in events]
        after = moving.shifts_of(rota.load(at, at + moving.LOOKS_AHEAD, mine)[0], at)
        moving.tell(rotation, moving.differences(before, after), by=by, at=at, why=f"{file} was imported", quiet_for=[by.pk])
    return written


def _write(rotation: Rotation, event: ics.Event, person: User | None, file: str, by: User, at: datetime) -> Override:
    fields = {"kind": Override.Kind.REPLACE, "person": person, "starts_at": event.starts_at, "ends_at": event.ends_at}
    more = {"reason": f"Imported from {file}"[:200], "by": by, "written_at": at}
    return Override.objects.update_or_create(rotation=rotation, source=event.uid[:200], defaults={**fields, **more})[0]


def _by_name() -> dict[str, User]:
    """Active people by address, by the address's part before the @, and by name, in small letters; a name that two share names nobody."""
    found: dict[str, User | None] = {}
    for person in User.objects.filter(is_active=True, is_service=False):
        for text in (person.email.lower(), person.name.lower(), person.email.partition("@")[0].lower()):
            found[text] = None if found.get(text, person) != person else person
    return {text: person for text, person in found.items() if person and text}


def _who(event: ics.Event, people: dict[str, User]) -> User | None:
    for text in event.people:
        small = text.lower()
        for known in (small, small.removeprefix("on call").strip(" -:"), small.removesuffix("on call").strip(" -:is")):
            if known in people:
                return people[known]
    return None


def absences(person: User, raw: bytes, file: str, *, at: datetime) -> int:
    """A person's days off from an .ics file, instead of those read before; how many. Raises: ics.Unreadable."""
    return _take_over(person, ics.read(raw, file, start=at, end=at + AHEAD, zone=person.zone), at)


@transaction.atomic
def _take_over(person: User, events: Iterable[ics.Event], at: datetime) -> int:
    kept = []
    for event in events:
        if event.is_busy:
            fields = {"starts_at": event.starts_at, "ends_at": event.ends_at, "note": event.summary[:200]}
            kept.append(Absence.objects.update_or_create(person=person, source=event.uid[:200], defaults=fields)[0].pk)
    Absence.objects.filter(person=person, ends_at__gt=at).exclude(source="").exclude(pk__in=kept).delete()
    return len(kept)


def read_feeds(now: datetime) -> int:
    """Read the calendar of everybody who gave an address and was not read for an hour; how many. One that fails says why and is read again."""
    ripe = [calendar for calendar in Calendar.objects.select_related("person") if calendar.absences_url and _is_ripe(calendar, now)]
    for calendar in ripe:
        trouble = ""
        try:
            answer = outbound.fetch("GET", calendar.absences_url, kind="free", redirects=3, max_bytes=ics.LARGEST)
            if answer.status != 200:
                trouble = f"The calendar's address answered {answer.status}."
            else:
                absences(calendar.person, answer.body, "your calendar", at=now)
        except DomainError as refusal:
            trouble = str(refusal)
        Calendar.objects.filter(pk=calendar.pk).update(read_at=now, trouble=trouble[:300])
    return len(ripe)


def _is_ripe(calendar: Calendar, now: datetime) -> bool:
    return calendar.read_at is None or now - calendar.read_at >= FEED_EVERY
