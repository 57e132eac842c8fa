"""PagerDuty Events API v2: a page triggers, and what happens to its incident here is carried over as acknowledge and resolve.

The dedup key names what the page is about, so that repeats and later events meet the same alert there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings

from portal.notify.channels import ChannelError, http
from portal.notify.channels.email import clean_header

if TYPE_CHECKING:
    from portal.notify.models import Message

ACKNOWLEDGE, RESOLVE = "acknowledge", "resolve"


class PagerDuty:
    label = "PagerDuty"

    def send(self, message: Message) -> str:
        if not message.method or not message.method.address:
            raise ChannelError("no routing key is known", permanent=True)
        event: dict[str, Any] = {"routing_key": message.method.address, "event_action": _action(message), "dedup_key": key_of(message)}
        if event["event_action"] == "trigger":
            event |= _trigger(message)
        http.post(settings.PAGERDUTY_EVENTS_URL, who="PagerDuty", json=event)
        return key_of(message)


def key_of(message: Message) -> str:
    """The same for everything about one subject; a message about nothing has one of its own."""
    return f"standby:{message.about}" if message.about else f"standby:message:{message.pk}"


def _action(message: Message) -> str:
    if message.purpose != message.Purpose.CARRY:
        return "trigger"
    return message.subject if message.subject in (ACKNOWLEDGE, RESOLVE) else RESOLVE


def _trigger(message: Message) -> dict[str, object]:
    summary = clean_header(("DRILL: " if message.practice else "") + message.subject)
    payload = {
        "summary": summary or "Page",
        "source": settings.BASE_URL,
        "severity": "critical" if message.purpose == message.Purpose.PAGE else "info",
        "timestamp": message.created_at.isoformat(),
        "custom_details": {"text": message.body[:3000], "message": message.pk},
    }
    links = [{"href": message.link, "text": "Acknowledge in Standby"}] if message.link else []
    return {"payload": payload, "client": "Standby", "client_url": settings.BASE_URL, "links": links}
