"""Length-prefixed JSON between the process and its formatting child."""

from __future__ import annotations

import json
import struct
from typing import IO, Any

from portal.markdown import limits

_LENGTH = struct.Struct(">I")


def send(pipe: IO[bytes], message: dict[str, Any]) -> None:
    body = json.dumps(message).encode()
    rest = memoryview(_LENGTH.pack(len(body)) + body)
    while rest:
        rest = rest[pipe.write(rest) :]
    pipe.flush()


def receive(pipe: IO[bytes]) -> dict[str, Any]:
    """The next message. Raises: EOFError, the other side is gone or talks nonsense."""
    (length,) = _LENGTH.unpack(_exactly(pipe, _LENGTH.size))
    if length > limits.FRAME:
        raise EOFError("a frame is too long")
    message = json.loads(_exactly(pipe, length))
    if not isinstance(message, dict):
        raise EOFError("a frame is not an object")
    return message


def _exactly(pipe: IO[bytes], count: int) -> bytes:
    parts = []
    while count:
        part = pipe.read(count)
        if not part:
            raise EOFError("the other side is gone")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
