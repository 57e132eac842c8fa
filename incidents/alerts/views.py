"""The hook: authenticate, store, work off; answer what Alertmanager needs to hear (alerts.md section 2)."""

from __future__ import annotations

import logging

from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed, JsonResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from incidents.alerts import ingest, ledger, sources
from incidents.models import Delivery
from portal import clock

logger = logging.getLogger(__name__)


@csrf_exempt
def alertmanager_hook(request: HttpRequest, source: str) -> HttpResponseBase:
    """200 for whatever could be stored, 401 without a token that works, 503 while our database is in trouble; never another 4xx."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        return _receive(request, source)
    except (DatabaseError, InterfaceError, UnreadablePostError) as trouble:
        logger.warning("hook could not store a request", extra={"source": source, "error": str(trouble)[:200]})
        connection.close()
        return JsonResponse({"detail": "The portal cannot store this now. Try again."}, status=503)


def _receive(request: HttpRequest, name: str) -> JsonResponse:
    peer = request.META.get("REMOTE_ADDR", "")
    source = sources.recognise(name, request.headers.get("Authorization", ""))
    if source is None:
        logger.warning("hook refused a request", extra={"source": name[:100], "peer": peer})
        sources.refused(name, at=clock.now())
        answer = JsonResponse({"detail": "The token is missing, wrong or not of this source. `manage.py create_source` makes one."}, status=401)
        answer["WWW-Authenticate"] = 'Bearer realm="standby"'
        return answer
    received = ledger.take(request, gzipped="gzip" in request.headers.get("Content-Encoding", "").lower())
    delivery = ledger.store(source, received, headers=dict(request.headers), peer=peer, at=clock.now())
    return JsonResponse({"delivery": delivery.pk, **_work_off(delivery, received)})


def _work_off(delivery: Delivery, received: ledger.Received) -> dict[str, object]:
    """What to tell. The delivery is stored: whatever happens here, the answer is 200 and a worker repairs it."""
    now = delivery.received_at
    try:
        body = ingest.parsed(delivery, raw=received.raw)
        if len(body.reports) > ingest.AT_ONCE:
            ingest.leave_to_worker(delivery, now=now)
            return {"understood": True, "detail": f"{len(body.reports)} alerts are worked off in the background."}
        ingest.apply(delivery, body, now=now)
    except Exception as trouble:
        logger.exception("delivery was stored and not worked off", extra={"delivery": delivery.pk})
        if isinstance(trouble, DatabaseError | InterfaceError):
            connection.close()
        _postpone(delivery, trouble)
        return {"understood": True, "detail": "Stored; it is worked off again in a few seconds."}
    return {"understood": body.understood, "detail": " ".join(body.problems[:3]) or f"{len(body.reports)} alerts."}


def _postpone(delivery: Delivery, trouble: Exception) -> None:
    try:
        ingest.postpone(delivery, trouble, now=delivery.received_at)
    except (DatabaseError, InterfaceError):
        connection.close()  # its due row is there already
