"""Channels: the ways out to a person. Each hands over one message or says why not, and whether for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from portal.notify.models import Message


class ChannelError(Exception):
    """The channel did not take it. `permanent`: trying again cannot help. `code`: the provider's own.

    retry_after: seconds for which the provider asked us to wait, 0 when it did not.
    """

    def __init__(self, message: str, *, permanent: bool = False, code: str = "", retry_after: float = 0) -> None:
        super().__init__(message)
        self.permanent, self.code, self.retry_after = permanent, code, retry_after


class Channel(Protocol):
    label: str  # as in "Paged Ana by e-mail"

    def send(self, message: Message) -> str:
        """Hand over within 5 s; the provider's reference. Raises: ChannelError."""
        ...


from portal.notify.channels.apprise import Apprise  # noqa: E402
from portal.notify.channels.console import Console  # noqa: E402
from portal.notify.channels.email import Email  # noqa: E402
from portal.notify.channels.ntfy import Ntfy  # noqa: E402
from portal.notify.channels.pagerduty import PagerDuty  # noqa: E402
from portal.notify.channels.slack import Slack  # noqa: E402
from portal.notify.channels.webhook import Webhook  # noqa: E402

CHANNELS: dict[str, Channel] = {
    "email": Email(),
    "console": Console(),
    "webhook": Webhook(),
    "slack": Slack(),
    "ntfy": Ntfy(),
    "pagerduty": PagerDuty(),
    "apprise": Apprise(),
}
