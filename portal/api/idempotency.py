"""A POST sent twice with the same `Idempotency-Key` acts once and is answered twice.

The key is inserted in the transaction of the act itself: both are there or neither is. Of two requests at once the second waits for the
first one's commit and repeats its answer. A refusal keeps nothing, so a mended request may use its key again.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import OperationalError, transaction
from rest_framework.response import Response

from portal import clock
from portal.accounts.acting import acting
from portal.errors import DomainError, Invalid
from portal.models import Answer

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase
    from rest_framework.request import Request
    from rest_framework.views import APIView as Base
else:
    Base = object

HEADER = "Idempotency-Key"
KEPT_FOR = timedelta(days=2)
KEY = re.compile(r"[\x21-\x7e]{1,200}")
REPEATED = ("ETag", "Location")  # headers that belong to the answer


class KeyReused(DomainError):
    """The key came before with another request."""

    code = "idempotency_key_reused"
    http_status = 422


class StillWorking(DomainError):
    """The first request with this key is not done yet."""

    code = "still_working"
    http_status = 409


class Repeat(Exception):
    """Not an error: the request was answered before, and `response()` is that answer. Raised to end the second request early."""

    def __init__(self, kept: Answer) -> None:
        super().__init__(kept.key)
        self.kept = kept

    def response(self) -> Response:
        body = json.loads(self.kept.body) if self.kept.body else None
        return Response(body, status=self.kept.status, headers={**self.kept.headers, "Idempotency-Replayed": "true"})


class Idempotent(Base):
    """For every view of the API that takes POST; stands before its base class."""

    asked: Answer | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST" or HEADER not in request.headers:
            return super().dispatch(request, *args, **kwargs)
        with transaction.atomic():
            response: Any = super().dispatch(request, *args, **kwargs)
            if response.status_code >= 400:
                transaction.set_rollback(True)
            elif self.asked:
                _keep(self.asked, response.render())
        return response  # type: ignore[no-any-return]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After the caller is known to be somebody: a stored answer is repeated to nobody else. Raises: Repeat, KeyReused, StillWorking, Invalid."""
        super().initial(request, *args, **kwargs)
        if request.method == "POST" and HEADER in request.headers:
            self.asked = _begin(request, clock.now())


def _begin(request: Request, now: datetime) -> Answer:
    key = request.headers[HEADER]
    if not KEY.fullmatch(key):
        raise Invalid(f"{HEADER} must be 1 to 200 visible ASCII characters without spaces, a random UUID for example.")
    fingerprint = _fingerprint(request)
    try:
        kept, new = Answer.objects.get_or_create(user=acting(request), key=key, defaults={"request": fingerprint, "created_at": now})
    except OperationalError as trouble:  # PostgreSQL's lock_timeout: the first one holds the key
        raise StillWorking("The first request with this key is still being worked on. Ask again in a moment.") from trouble
    if new:
        return kept
    if kept.request != fingerprint:
        raise KeyReused(f"This {HEADER} came before with another request. Take a new key for a new request.")
    raise Repeat(kept)


def _fingerprint(request: Request) -> str:
    """Of where it goes and what it says. A form with files is told apart by its length: its body is read as a stream."""
    is_form = (request.content_type or "").startswith("multipart/")
    body = request.META.get("CONTENT_LENGTH", "").encode() if is_form else request._request.body
    return hashlib.sha256(request.get_full_path().encode() + b"\n" + body).hexdigest()


def _keep(asked: Answer, response: Any) -> None:
    asked.status = response.status_code
    asked.headers = {name: response[name] for name in REPEATED if response.has_header(name)}
    asked.body = response.content.decode()
    asked.save(update_fields=["status", "headers", "body"])


def forget(now: datetime) -> int:
    """Delete answers older than `KEPT_FOR`; how many. 1 query."""
    return Answer.objects.filter(created_at__lt=now - KEPT_FOR).delete()[0]
