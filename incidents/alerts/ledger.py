"""The ledger: one row for each request of a source, kept raw and committed before anything is made of it (alerts.md section 2)."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django.conf import settings
from django.db import transaction

from incidents.alerts.alertmanager import clean_line
from incidents.models import Delivery, Source
from portal import due

INGEST = "alerts.ingest"
REPAIR_AFTER = timedelta(seconds=30)  # when the request that stored it should have worked it off long ago
CHUNK = 64 * 1024
KEPT_OF_TOO_LARGE = 1024 * 1024
READ_AT_MOST = 16  # times the limit: then the rest of an endless body is left unread
HEADERS = ("Content-Type", "Content-Encoding", "Content-Length", "User-Agent", "Host", "X-Forwarded-For")


class Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Received:
    """A body as it came. raw: inflated, cut to 1 MiB if too large. problem: why it cannot be understood, else empty."""

    raw: bytes
    length: int
    sha256: str
    problem: str = ""


def take(stream: Stream, *, gzipped: bool) -> Received:
    """Read a request's body to the limit of 16 MiB, which also holds once it is inflated."""
    limit = settings.HOOK_LIMIT
    digest, kept, length = hashlib.sha256(), bytearray(), 0
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
        length += len(chunk)
        if len(kept) <= limit:
            kept += chunk
        if length > READ_AT_MOST * limit:
            break
    sha256 = digest.hexdigest()
    if length > limit:
        return Received(
            bytes(kept[:KEPT_OF_TOO_LARGE]), length, sha256, f"The body has {length:,} bytes; {limit:,} are the limit. Its first part is kept."
        )
    return _inflated(bytes(kept), sha256, limit) if gzipped else Received(bytes(kept), length, sha256)


def received(raw: bytes) -> Received:
    """A body that we made ourselves."""
    return Received(raw, len(raw), hashlib.sha256(raw).hexdigest())


def _inflated(raw: bytes, sha256: str, limit: int) -> Received:
    inflator = zlib.decompressobj(wbits=31)
    try:
        plain = inflator.decompress(raw, limit + 1)
    except zlib.error:
        return Received(raw, len(raw), sha256, "The body says gzip and is not; it is kept as it came.")
    if len(plain) > limit:
        return Received(
            plain[:KEPT_OF_TOO_LARGE], len(plain), sha256, f"The body inflates to more than {limit:,} bytes, the limit. Its first part is kept."
        )
    return Received(plain, len(plain), sha256, "" if inflator.eof else "The gzip body ends too early.")


@transaction.atomic(durable=True)
def store(source: Source, received: Received, *, headers: dict[str, str], peer: str, at: datetime, kind: str = Delivery.Kind.WEBHOOK) -> Delivery:
    """Transaction 1: the delivery, and the due row that repairs it if we die before it is worked off. Committed on return."""
    delivery = Delivery.objects.create(
        source=source,
        kind=kind,
        body=zlib.compress(received.raw, 1),
        length=received.length,
        sha256=received.sha256,
        headers={name: clean_line(headers[name])[:500] for name in HEADERS if name in headers},
        peer=clean_line(peer)[:60],
        received_at=at,
        understood=not received.problem,
        problems=[received.problem] if received.problem else [],
    )
    due.put_new(INGEST, str(delivery.pk), at=at + REPAIR_AFTER)
    return delivery


def body_of(delivery: Delivery) -> bytes:
    """The raw body as it was kept."""
    return zlib.decompress(delivery.body)
