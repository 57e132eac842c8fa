"""Push by an ntfy server: published as JSON, see docs.ntfy.sh/publish. The address is server and topic: https://ntfy.example.org/topic."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from portal.notify.channels import ChannelError, http
from portal.notify.channels.email import clean_header

if TYPE_CHECKING:
    from portal.notify.models import Message

URGENT, USUAL = 5, 3


class Ntfy:
    label = "push"

    def send(self, message: Message) -> str:
        """Never again the same sound for one message: ntfy replaces nothing, so its id stands in the text."""
        if not message.method or not message.method.address:
            raise ChannelError("no push topic is known", permanent=True)
        parts = urlsplit(message.method.address)
        topic = parts.path.strip("/").rpartition("/")[2]
        if not topic:
            raise ChannelError("the push address lacks a topic, as in https://ntfy.example.org/topic", permanent=True)
        root = urlunsplit((parts.scheme, parts.netloc, parts.path.strip("/").rpartition("/")[0], "", ""))
        published = {
            "topic": topic,
            "title": clean_header(("DRILL: " if message.practice else "") + message.subject),
            "message": f"{message.body[:3500]}\n\nmessage {message.pk}",
            "priority": URGENT if message.purpose in (message.Purpose.PAGE, message.Purpose.TEST) else USUAL,
        }
        if message.link:
            published |= {"click": message.link, "actions": [{"action": "view", "label": "Open", "url": message.link}]}
        secret = message.method.secret
        answer = http.post(root, who="the push server", json=published, headers={"Authorization": f"Bearer {secret}"} if secret else None)
        return str(answer.json().get("id", ""))[:100] if answer.body.startswith(b"{") else ""
