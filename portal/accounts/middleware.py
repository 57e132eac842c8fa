"""Around every request of a signed-in person: do administrator rights rest, and when was this session seen last.

Public pages ask nobody who they are: they stand when the database does not.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from portal import clock
from portal.accounts import second_factor, sessions
from portal.accounts.models import User
from portal.web.middleware import PUBLIC, Next


class SecondFactor:
    """An administrator whose time to add a second factor is over acts as a responder until one is added. 0-2 queries, administrators only."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not PUBLIC.match(request.path) and isinstance(request.user, User):
            request.user.rests = second_factor.rests(request, request.user, clock.now())
        return self.get_response(request)


class SeenSessions:
    """Notes that a session is used, at most every ten minutes."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not PUBLIC.match(request.path) and isinstance(request.user, User):
            sessions.seen(request, clock.now())
        return self.get_response(request)
