"""Due dates of one's action items as a calendar to subscribe to. The secret stands in the address; only its digest is kept."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from icalendar import Calendar, Event, vText

from oncall.feeds import clean
from portal.accounts.models import User, digest_of
from postmortems.models import ActionItem, DueFeed

PREFIX = "due_"
MOST = 500  # items


@transaction.atomic
def make(owner: User, *, at: datetime) -> str:
    """The secret of a new address, shown once; the one before stops working."""
    revoke(owner, at=at)
    secret = PREFIX + secrets.token_urlsafe(24)
    DueFeed.objects.create(owner=owner, digest=digest_of(secret), created_at=at)
    return secret


def revoke(owner: User, *, at: datetime) -> int:
    """The address stops working at the next request; how many there were."""
    return DueFeed.objects.filter(owner=owner, revoked_at=None).update(revoked_at=at)


def find(secret: str) -> DueFeed | None:
    """While it works and its owner may sign in. 1 query."""
    return DueFeed.objects.select_related("owner").filter(digest=digest_of(secret), revoked_at=None, owner__is_active=True).first()


def write(owner: User, now: datetime) -> bytes:
    """RFC 5545 text: a whole day for each unfinished item with a date, and for each done one the day on which we ask whether it held. 1 query."""
    calendar = Calendar()
    calendar.add("prodid", "-//Standby//Action items//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", clean(f"Action items: {owner}"))
    calendar.add("refresh-interval;value=duration", vText("PT1H"))
    mine = ActionItem.objects.visible_to(owner).filter(owner=owner, next_reminder_at__isnull=False).order_by("due_on", "pk")
    for item in mine[:MOST]:
        calendar.add_component(_event(item, now))
    return bytes(calendar.to_ical())


def _event(item: ActionItem, now: datetime) -> Event:
    asks = item.status == ActionItem.Status.DONE
    day = item.verify_by if asks else item.due_on
    event = Event()
    event.add("uid", f"{'verify' if asks else 'due'}-{item.pk}@standby")
    event.add("dtstamp", now.astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", day)
    event.add("dtend", day + timedelta(days=1) if day else None)
    event.add("summary", clean(f"{'Did it hold?' if asks else 'Due:'} {item.reference} {item.title}"))
    event.add("url", f"{settings.BASE_URL}/actions/{item.pk}/")
    event.add("transp", "TRANSPARENT")
    return event
