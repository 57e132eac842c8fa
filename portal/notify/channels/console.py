"""The console channel: the message lands in the log. Proves the queue without any provider."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portal.notify.models import Message

logger = logging.getLogger("portal.console")


class Console:
    label = "console"

    def send(self, message: Message) -> str:
        logger.info("message", extra={"message_id": message.pk, "subject": message.subject, "recipient": message.recipient_id})
        return f"log-{message.pk}"
