"""What channels that speak HTTP share: one bounded request through the guarded way out, and what an answer means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from portal import outbound
from portal.addresses import Kind
from portal.notify.channels import ChannelError

TIMEOUT, CONNECT = 5.0, 3.0  # seconds; the lease of a message is twice the first and a bit
FOR_GOOD = {400, 401, 403, 404, 405, 410, 413, 422}
NEVER_HELPS = {"bad_url", "blocked"}
LONGEST_WAIT = 3600.0  # seconds


def post(url: str, *, who: str, json: Any = None, content: bytes | None = None, headers: Mapping[str, str] | None = None) -> outbound.Answer:
    """An answer of 2xx. `who` is the channel in our sentences. Raises: ChannelError."""
    try:
        answer = outbound.fetch(
            "POST", url, kind=kind_of(url), json=json, content=content, headers=headers, timeout=TIMEOUT, connect_timeout=CONNECT, max_bytes=65_536
        )
    except outbound.Unreachable as trouble:
        raise ChannelError(str(trouble), permanent=trouble.reason in NEVER_HELPS, code=trouble.reason) from trouble
    if 200 <= answer.status < 300:
        return answer
    raise ChannelError(
        f"{who} answered {answer.status}", permanent=answer.status in FOR_GOOD, code=str(answer.status), retry_after=_retry_after(answer)
    )


def kind_of(url: str) -> Kind:
    """`named` for hosts that an administrator allowed (PORTAL_CHANNEL_HOSTS), else `free`: public addresses only."""
    return "named" if (urlsplit(url).hostname or "") in settings.CHANNEL_HOSTS else "free"


def _retry_after(answer: outbound.Answer) -> float:
    said = answer.headers.get("Retry-After", "")
    return min(float(said), LONGEST_WAIT) if answer.status in {429, 503} and said.isascii() and said.isdigit() else 0.0
