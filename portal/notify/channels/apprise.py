"""Whatever apprise can reach, as an extra: `pip install standby[apprise]`. Only administrators enter such an address.

apprise opens its own connections, so this is the one channel that does not go through the guarded way out.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from portal.notify.channels import ChannelError

if TYPE_CHECKING:
    from portal.notify.models import Message


def installed() -> bool:
    return find_spec("apprise") is not None


class Apprise:
    label = "apprise"

    def send(self, message: Message) -> str:
        if not installed():
            raise ChannelError("the extra “apprise” is not installed here", permanent=True)
        if not message.method or not message.method.address:
            raise ChannelError("no apprise address is known", permanent=True)
        sender = import_module("apprise").Apprise()
        if not sender.add(message.method.address):
            raise ChannelError("apprise does not understand the address", permanent=True)
        title = ("DRILL: " if message.practice else "") + message.subject
        if not sender.notify(title=title, body=f"{message.body}\n\nmessage {message.pk}"):
            raise ChannelError("apprise could not hand it over")
        return f"apprise-{message.pk}"
