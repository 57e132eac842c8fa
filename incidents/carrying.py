"""Carry an acknowledgement or an end over to providers that were told of an incident, so that they stop alarming too."""

from __future__ import annotations

from datetime import datetime

from incidents.models import Incident
from portal.notify import outbox
from portal.notify.channels.pagerduty import ACKNOWLEDGE, RESOLVE
from portal.notify.contact import ContactMethod
from portal.notify.models import Message

__all__ = ["ACKNOWLEDGE", "RESOLVE", "over"]


def over(incident: Incident, action: str, *, at: datetime) -> int:
    """Tell each PagerDuty integration that was paged about it, once an action; how many. In the caller's transaction. 1 query, 2 each."""
    told = Message.objects.filter(about=incident.subject, purpose=Message.Purpose.PAGE, channel=ContactMethod.Kind.PAGERDUTY, method__isnull=False)
    methods = {message.method_id: message for message in told.exclude(attempts=None).select_related("method", "recipient")}
    for message in methods.values():
        outbox.queue(
            message.recipient,
            channel=message.channel,
            method=message.method,
            purpose=Message.Purpose.CARRY,
            subject=action,
            body=f"{incident.reference}: {action}",
            dedup_key=f"carry:{incident.pk}:{message.method_id}:{action}:{incident.pages_begun}",
            at=at,
            about=incident.subject,
            priority=1,
            practice=message.practice,
        )
    return len(methods)
