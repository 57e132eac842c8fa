"""A webhook of one's own: JSON, signed as in Standard Webhooks 1.0, so that receivers can use a ready-made library.

Each message and every attempt stands in its person's log; the id is the same in every attempt, the receiver's key against doubles.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from portal import clock
from portal.notify.channels import ChannelError, http
from portal.secrets import NoKeyFits
from portal.webhooks import signing

if TYPE_CHECKING:
    from portal.notify.models import Message


class Webhook:
    label = "signed webhook"

    def send(self, message: Message) -> str:
        """The id under which it was sent."""
        if not message.method or not message.method.address:
            raise ChannelError("no webhook is known", permanent=True)
        name, body = f"message-{message.pk}", _body(message)
        try:
            headers = signing.headers(message.method.secret, name, clock.now(), body)
        except (NoKeyFits, ValueError) as trouble:
            raise ChannelError("its signing secret cannot be used: remove the method and add it again", permanent=True) from trouble
        http.post(message.method.address, who="the webhook", content=body, headers=headers)
        return name


def _body(message: Message) -> bytes:
    told = {
        "id": f"message-{message.pk}",
        "type": f"message.{message.purpose}",
        "timestamp": message.created_at.isoformat(),
        "about": message.about,
        "practice": message.practice,
        "data": {"subject": message.subject, "text": message.body, "url": message.link},
    }
    return json.dumps(told, ensure_ascii=False).encode()
