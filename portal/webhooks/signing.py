"""Signatures of webhooks as in Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.body`, so that receivers can use a ready-made library."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime

from portal.secrets import readable
from portal.webhooks.models import PREFIX


def sign(secret: str, event_id: str, at: datetime, body: bytes) -> str:
    """`v1,` and the signature in base64. `at` counts in whole seconds. Raises: NoKeyFits, the stored secret cannot be opened."""
    key = base64.b64decode(readable(secret).removeprefix(PREFIX))
    signed = f"{event_id}.{int(at.timestamp())}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def headers(secret: str, event_id: str, at: datetime, body: bytes) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "Webhook-Id": event_id,
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": sign(secret, event_id, at, body),
    }
