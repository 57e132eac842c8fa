"""What a rotation weighs on its people: pages and nights of the last four weeks, in rotation order, never ranked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from oncall import rota
from oncall.models import Rotation
from oncall.simulation import nights
from portal.accounts.models import User
from portal.notify.models import Message
from portal.notify.reach import between

BACK = timedelta(days=28)
NIGHT_FROM, NIGHT_TO = time(22), time(7)  # local


@dataclass(slots=True)
class Load:
    """One person in the last 28 days. nights: on call; nights_paged: on which a page came between 22:00 and 07:00 local."""

    person: User
    shifts: int = 0
    nights: int = 0
    pages: int = 0
    nights_paged: int = 0


def of(rotation: Rotation, now: datetime) -> list[Load]:
    """In the order of the rotation; drills are left out. 8 queries."""
    found: dict[int, Load] = {}
    [(_, spans)] = rota.coming(now - BACK, now, Rotation.objects.filter(pk=rotation.pk))
    for turn in rotation.turns.filter(layer=None).select_related("person"):
        found.setdefault(turn.person_id, Load(turn.person))
    for span in spans:
        for person in span.people:
            mine = found.setdefault(person.pk, Load(person))
            mine.shifts += 1
            mine.nights += nights(max(span.starts_at, now - BACK), min(span.ends_at, now), person.zone)
    paged_nights: dict[int, set[object]] = {}
    pages = Message.objects.filter(recipient__in=found, purpose=Message.Purpose.PAGE, practice=False, sent_at__gt=now - BACK, sent_at__lte=now)
    for person_id, sent_at in pages.values_list("recipient_id", "sent_at"):
        if sent_at is None:
            continue
        local = sent_at.astimezone(found[person_id].person.zone)
        found[person_id].pages += 1
        if between(local.time(), NIGHT_FROM, NIGHT_TO):
            paged_nights.setdefault(person_id, set()).add((local - timedelta(hours=NIGHT_TO.hour)).date())
    for person_id, dates in paged_nights.items():
        found[person_id].nights_paged = len(dates)
    return list(found.values())
