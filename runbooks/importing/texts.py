"""From bytes to text: which encoding, which line ends, and what is odd about it. Pure; nothing is ever refused."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True, slots=True)
class Text:
    """text: with line feeds only and no byte order mark. crlf: its lines ended in CR LF. notes: what was odd."""

    text: str
    encoding: str
    crlf: bool
    notes: tuple[str, ...]


def read(content: bytes) -> Text:
    """Every sequence of bytes is read: as UTF-8, by its byte order mark, as UTF-16 that lacks one, or as Latin-1."""
    encoding, notes = _encoding(content)
    text = content.decode(encoding)
    crlf = "\r\n" in text
    if crlf:
        notes.append("lines end in CR LF")
    if "\x00" in text:
        notes.append("NUL characters are left out on the page")
    return Text(text.replace("\r\n", "\n").replace("\r", "\n"), encoding, crlf, tuple(notes))


def write(text: str, like: Text) -> bytes:
    """A text in the encoding and with the line ends of the file it came from."""
    text = text.replace("\n", "\r\n") if like.crlf else text
    try:
        return text.encode(like.encoding)
    except UnicodeEncodeError:  # somebody wrote a letter that Latin-1 lacks
        return text.encode("utf-8")


def _encoding(content: bytes) -> tuple[str, list[str]]:
    for mark, name in _MARKS:
        if content.startswith(mark) and _decodes(content, name):
            return name, [f"begins with a byte order mark ({name})"]
    for name in ("utf-16-le", "utf-16-be"):
        if content[:200].count(b"\x00") > len(content[:200]) // 4 and _decodes(content, name):
            return name, [f"read as {name}"]
    if _decodes(content, "utf-8"):
        return "utf-8", []
    return "latin-1", ["is not UTF-8; read as Latin-1"]


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
