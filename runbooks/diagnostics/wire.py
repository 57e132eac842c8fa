"""Length-prefixed JSON between a worker and the process that looks, on plain file descriptors so that waiting can be bounded."""

from __future__ import annotations

import json
import os
import struct
from typing import Any

_LENGTH = struct.Struct(">I")
FRAME = 16 << 20  # bytes


def send(pipe: int, message: dict[str, Any]) -> None:
    """Raises: OSError, the other side is gone."""
    body = json.dumps(message).encode()
    rest = memoryview(_LENGTH.pack(len(body)) + body)
    while rest:
        rest = rest[os.write(pipe, rest) :]


def receive(pipe: int) -> dict[str, Any]:
    """The next message. Raises: EOFError, the other side is gone or talks nonsense."""
    (length,) = _LENGTH.unpack(_exactly(pipe, _LENGTH.size))
    if length > FRAME:
        raise EOFError("a frame is too long")
    message = json.loads(_exactly(pipe, length))
    if not isinstance(message, dict):
        raise EOFError("a frame is not an object")
    return message


def _exactly(pipe: int, count: int) -> bytes:
    parts = []
    while count:
        part = os.read(pipe, count)
        if not part:
            raise EOFError("the other side is gone")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
