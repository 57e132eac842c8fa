"""What an image is, by its first bytes and never by its name. SVG is none: it can hold a script."""

from __future__ import annotations

_KINDS = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF87a", "image/gif"), (b"GIF89a", "image/gif"))


def kind_of(content: bytes) -> str:
    """`image/png` and the like; "" for everything else."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for mark, kind in _KINDS if content.startswith(mark)), "")
