"""Deliveries go out: signed, through the one guarded way, tried for three days, every attempt kept."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from portal import clock, due, outbound
from portal.addresses import Kind
from portal.models import Due
from portal.secrets import NoKeyFits
from portal.webhooks import signing
from portal.webhooks.models import Attempt, Delivery, Webhook
from portal.webhooks.telling import SEND

__all__ = ["LEASE", "SEND", "send"]

TIMEOUT = 10.0  # seconds for everything
LEASE = timedelta(seconds=25)  # twice the timeout and a bit
RETRY = (10, 30, 120, 600, 3600, 4 * 3600, 12 * 3600, 24 * 3600, 24 * 3600)  # seconds after attempt 1, 2, …; ± 20 %
GONE = 410  # the receiver wants nothing more


@dataclass(frozen=True, slots=True)
class Outcome:
    status: int | None
    seconds: float
    trouble: str = ""

    @property
    def is_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def send(row: Due, now: datetime) -> None:
    """Try one delivery and write what came of it. The handler of `webhooks.send`."""
    delivery = Delivery.objects.select_related("webhook").filter(pk=int(row.key)).first()
    if delivery is None or delivery.state != Delivery.State.PENDING:
        due.settle(row)
        return
    if not delivery.webhook.is_enabled and delivery.event != "webhook.ping":
        _end(row, delivery, Delivery.State.CANCELLED, None)
        return
    outcome = _try(delivery, clock.now())
    if outcome.is_taken:
        _end(row, delivery, Delivery.State.DELIVERED, outcome)
    elif outcome.status == GONE or row.attempts > len(RETRY):
        _end(row, delivery, Delivery.State.FAILED, outcome)
    else:
        _again(row, delivery, outcome)


def _try(delivery: Delivery, at: datetime) -> Outcome:
    body, started = delivery.body.encode(), time.monotonic()
    webhook = delivery.webhook
    try:
        headers = signing.headers(webhook.secret, str(delivery.event_id), at, body)
        reach: Kind = "named" if webhook.reach == Webhook.Reach.NAMED else "free"
        answer = outbound.fetch("POST", webhook.url, kind=reach, headers=headers, content=body, timeout=TIMEOUT, max_bytes=65_536)
    except (outbound.Unreachable, NoKeyFits) as refusal:
        return Outcome(None, time.monotonic() - started, str(refusal))
    trouble = "" if 200 <= answer.status < 300 else f"The receiver answered {answer.status}."
    return Outcome(answer.status, answer.seconds, trouble)


@transaction.atomic
def _end(row: Due, delivery: Delivery, state: str, outcome: Outcome | None) -> None:
    if not due.settle(row):
        return
    at = clock.now()
    done = at if state == Delivery.State.DELIVERED else None
    Delivery.objects.filter(pk=delivery.pk).update(state=state, delivered_at=done)
    if outcome:
        _note(delivery, at, outcome)


@transaction.atomic
def _again(row: Due, delivery: Delivery, outcome: Outcome) -> None:
    at = clock.now()
    wait = RETRY[min(row.attempts, len(RETRY)) - 1] * random.uniform(0.8, 1.2)  # noqa: S311  (spreads retries)
    if due.postpone(row, at + timedelta(seconds=wait), error=outcome.trouble):
        _note(delivery, at, outcome)


def _note(delivery: Delivery, at: datetime, outcome: Outcome) -> None:
    number = (delivery.attempts.aggregate(last=Max("number"))["last"] or 0) + 1
    Attempt.objects.create(
        delivery=delivery, number=number, at=at, seconds=round(outcome.seconds, 3), status=outcome.status, trouble=outcome.trouble[:300]
    )
