"""Where a person is signed in, and signing out elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.http import HttpRequest

from portal.accounts.models import User

SEEN_EVERY = timedelta(minutes=10)
SEEN_KEY = "seen"  # in the session: seconds since 1970

BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS X", "Mac"), ("Linux", "Linux"))


@dataclass(frozen=True, slots=True)
class SignedIn:
    pk: int
    where: str  # "Firefox on Linux"
    ip: str
    since: datetime
    seen_at: datetime
    here: bool


def seen(request: HttpRequest, now: datetime) -> None:
    """Note that this session is used; 0 queries, every ten minutes 2."""
    last = request.session.get(SEEN_KEY)
    if last is None or abs(now.timestamp() - last) >= SEEN_EVERY.total_seconds():
        request.session[SEEN_KEY] = int(now.timestamp())
        UserSession.objects.filter(session_key=request.session.session_key).update(last_seen_at=now)


def of(user: User, here: str | None) -> list[SignedIn]:
    """Sessions that still live, this one first, then the last used. 2 queries."""
    rows = list(UserSession.objects.filter(user=user))
    alive = set(Session.objects.filter(session_key__in=[row.session_key for row in rows]).values_list("session_key", flat=True))
    found = [
        SignedIn(row.pk, described(row.user_agent), row.ip, row.created_at, row.last_seen_at, row.session_key == here)
        for row in rows
        if row.session_key in alive
    ]
    return sorted(found, key=lambda one: (not one.here, -one.seen_at.timestamp()))


def end(user: User, *, pk: int | None = None, here: str | None = None) -> int:
    """Sign out one session of this person, or all but `here`; how many. Their next request is a stranger's."""
    rows = UserSession.objects.filter(user=user).exclude(session_key=here)
    if pk is not None:
        rows = rows.filter(pk=pk)
    keys = list(rows.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    UserSession.objects.filter(session_key__in=keys).delete()
    return len(keys)


def described(user_agent: str) -> str:
    """`Chrome on Android`; "a browser" for what does not say."""
    browser = next((name for mark, name in BROWSERS if re.search(rf"\b{mark}\w*/", user_agent)), "a browser")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    return f"{browser} on {system}" if system else browser
