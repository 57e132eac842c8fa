"""A chat webhook in Slack's shape: `{"text": …}`; Mattermost, Rocket.Chat and others take the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.notify.channels import ChannelError, http

if TYPE_CHECKING:
    from portal.notify.models import Message

ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})  # so that no text becomes a mention or a link


class Slack:
    label = "chat"

    def send(self, message: Message) -> str:
        if not message.method or not message.method.address:
            raise ChannelError("no address of a chat webhook is known", permanent=True)
        drill = "DRILL: " if message.practice else ""
        text = f"*{(drill + message.subject).translate(ESCAPED)}*\n{message.body.translate(ESCAPED)[:3000]}\n_message {message.pk}_"
        http.post(message.method.address, who="the chat webhook", json={"text": text})
        return f"chat-{message.pk}"
