"""Calendars to subscribe to: a person's shifts, or a rotation's. The secret stands in the address; only its digest is kept."""

from __future__ import annotations

import secrets
import unicodedata
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from icalendar import Calendar, Event, vText

from oncall import rota
from oncall.models import Feed, Rotation
from portal.accounts.models import User, digest_of

PREFIX = "cal_"
BACK, AHEAD = timedelta(days=14), timedelta(days=180)
READ_NOTED_EVERY = timedelta(minutes=5)


@transaction.atomic
def make(owner: User, rotation: Rotation | None, *, at: datetime) -> tuple[Feed, str]:
    """A new address and its secret, shown once; the one before stops working."""
    revoke(owner, rotation, at=at)
    secret = PREFIX + secrets.token_urlsafe(24)
    return Feed.objects.create(owner=owner, rotation=rotation, digest=digest_of(secret), created_at=at), secret


def revoke(owner: User, rotation: Rotation | None, *, at: datetime) -> int:
    """The address stops working at the next request; how many there were."""
    return Feed.objects.filter(owner=owner, rotation=rotation, revoked_at=None).update(revoked_at=at)


def find(secret: str, at: datetime) -> Feed | None:
    """The feed of a secret, while it works and its owner may sign in. Notes that it was read, every five minutes at most. 1-2 queries."""
    feed = Feed.objects.select_related("owner", "rotation").filter(digest=digest_of(secret), revoked_at=None, owner__is_active=True).first()
    if feed and (feed.last_read_at is None or at - feed.last_read_at > READ_NOTED_EVERY):
        Feed.objects.filter(pk=feed.pk).update(last_read_at=at)
    return feed


def write(feed: Feed, now: datetime) -> bytes:
    """The calendar as RFC 5545 text: two weeks back, half a year ahead. About 7 queries. A shift that cannot be written is left out."""
    rotations = Rotation.objects.filter(pk=feed.rotation_id) if feed.rotation_id else None
    calendar = Calendar()
    calendar.add("prodid", "-//Standby//On call//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", clean(str(feed.rotation) if feed.rotation else f"On call: {feed.owner}"))
    calendar.add("refresh-interval;value=duration", vText("PT1H"))
    for rotation, spans in rota.coming(now - BACK, now + AHEAD, rotations):
        for span in spans:
            for person in span.people:
                if feed.rotation_id or person.pk == feed.owner_id:
                    calendar.add_component(_event(rotation, span, person, now))
    return bytes(calendar.to_ical())


def _event(rotation: Rotation, span: rota.Span, person: User, now: datetime) -> Event:
    event = Event()
    event.add("uid", f"{rotation.pk}-{span.starts_at:%Y%m%dT%H%M%SZ}-{person.pk}@standby")
    event.add("dtstamp", now.astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", span.starts_at.astimezone(UTC))
    event.add("dtend", span.ends_at.astimezone(UTC))
    event.add("summary", clean(f"On call: {person} ({rotation}, {rotation.get_lane_display().lower()})"))
    event.add("description", clean(f"{rotation.team}. {span.why}"))
    event.add("url", f"{settings.BASE_URL}/oncall/rotations/{rotation.pk}/")
    return event


def clean(text: str) -> str:
    """One line without control characters and lone surrogates: what is left cannot end a line of the feed."""
    return " ".join("".join(" " if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} else c for c in text).split())[:250]
