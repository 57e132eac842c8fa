"""What happens becomes deliveries: in the transaction in which it is written into the journal, one for each webhook that wants it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from portal import due
from portal.accounts.models import User
from portal.models import Entry
from portal.search.documents import hidden_from
from portal.webhooks.models import Delivery, Webhook

SEND = "webhooks.send"


def tell(entries: Sequence[Entry]) -> None:
    """A listener of the journal. 1 query while nobody wants them; 1 for what is hidden and 3 for each webhook and entry otherwise."""
    webhooks = list(Webhook.objects.filter(is_enabled=True))
    for entry in entries if webhooks else ():
        _tell(entry, webhooks)


def _tell(entry: Entry, webhooks: Sequence[Webhook]) -> None:
    event = f"{entry.subject.partition(':')[0]}.{entry.kind}"
    wanting = [webhook for webhook in webhooks if webhook.wants(event)]
    if wanting and entry.subject in hidden_from(None):
        wanting = [webhook for webhook in wanting if webhook.includes_restricted]
    for webhook in wanting:
        _deliver(webhook, event, entry.subject, _body(entry), entry.recorded_at)


def _body(entry: Entry) -> dict[str, Any]:
    """`at` is when it happened, `by` a name or null for the portal itself, `url` absolute or empty."""
    return {
        "at": entry.at.isoformat(),
        "by": str(entry.by) if entry.by else None,
        "text": entry.text,
        "body": entry.body,
        "url": f"{settings.BASE_URL}{entry.url}" if entry.url else "",
        "details": entry.data,
        "entry": entry.pk,
    }


def _deliver(webhook: Webhook, event: str, about: str, data: dict[str, Any], at: datetime) -> Delivery:
    event_id = uuid.uuid4()
    body = json.dumps({"id": str(event_id), "type": event, "timestamp": at.isoformat(), "about": about, "data": data}, ensure_ascii=False)
    delivery = Delivery.objects.create(webhook=webhook, event_id=event_id, event=event, about=about, body=body, created_at=at)
    due.put(SEND, str(delivery.pk), at=at, priority=3)
    return delivery


@transaction.atomic
def ping(webhook: Webhook, *, by: User | None, at: datetime) -> Delivery:
    """Ask for a test delivery, which tells nothing but that it is one."""
    return _deliver(webhook, "webhook.ping", f"webhook:{webhook.pk}", {"text": f"A test of “{webhook.name}”, asked for by {by or 'the portal'}."}, at)


@transaction.atomic
def redeliver(delivery: Delivery, *, at: datetime) -> Delivery:
    """Send the same event again, with its id, so that a receiver that had it knows. Safe to run twice at once."""
    delivery = Delivery.objects.select_for_update().get(pk=delivery.pk)
    if delivery.state != Delivery.State.PENDING:
        delivery.state, delivery.delivered_at = Delivery.State.PENDING, None
        delivery.save(update_fields=["state", "delivered_at"])
    due.put(SEND, str(delivery.pk), at=at, priority=3)
    return delivery
