"""What counts as an error in a line of a log, and errors counted by type and by message."""

from __future__ import annotations

import re
from collections import Counter

from runbooks.diagnostics.probes import log_templates

WORDS = (b"ERROR", b"CRITICAL", b"FATAL", b'"error"', b'"critical"', b'"fatal"')
# The level stands among the first words of a line, or is the value of a JSON key; a word inside a message is none.
LEVEL = re.compile(
    rb"""(?xs)
    ^\W*(?:(?!(?:INFO|DEBUG|WARN|WARNING|TRACE|NOTICE)\b)[\w.:,+/-]+[\]\)]?[ \t|]+[\[\(]?){0,5}?(ERROR|CRITICAL|FATAL)\b[\]\):|\s-]*
    | ^\{.*?"(?:level|levelname|severity|lvl)":\s*("(?:error|critical|fatal)"|"(?:ERROR|CRITICAL|FATAL)")
    """
)
ANY_LEVEL = re.compile(rb"INFO|DEBUG|WARN|TRACE|NOTICE|ERROR|CRITICAL|FATAL")
PLAIN = bytes(c for c in range(128) if chr(c).isalnum() or chr(c) in "_.:,+/-[]()| \t<>#=@")
TYPE = re.compile(rb"\b[A-Z][A-Za-z0-9]*?[a-z0-9](?:Error|Exception|Timeout|Failure|Interrupt|Refused|Exceeded|Exhausted)\b")
MESSAGE = re.compile(rb'"(?:message|msg|event|error)":\s*"((?:[^"\\]|\\.)*)"')
DISTINCT = 20_000  # different masked messages kept; beyond that the rare ones are counted together


def level_ends(line: bytes, place: int) -> int:
    """Where the level at `place` ends; 0 when the word there is none. Plain lines are judged without the expression, which is ten times slower."""
    head, word = line[:place], line[place : place + 8]
    if line[:1] != b"{" and ((head[:1].isdigit() and head.count(b" ") <= 1) or not ANY_LEVEL.search(head)):
        length = 8 if word == b"CRITICAL" else 5
        plain = len(head) <= 200 and head.count(b" ") <= 6 and not head.translate(None, PLAIN)
        return place + length if plain and word[:1] != b'"' and not line[place + length : place + length + 1].isalnum() else 0
    level = LEVEL.match(line)
    return level.end() if level and level.start(level.lastindex or 1) <= place < level.end() else 0


class Tally:
    """Errors counted by type, and their messages by what is left of them without numbers and names."""

    def __init__(self, *, templates: bool) -> None:
        self.templates, self.total, self.types, self.masked = templates, 0, Counter[bytes](), Counter[str]()
        self.samples: dict[str, str] = {}

    def add_many(self, kind: bytes, number: int) -> None:
        """That many lines of a type, whose messages are not asked for."""
        self.total += number
        self.types[kind] += number

    def add(self, place: int, line: bytes) -> bool:
        """Count the line if the word at `place` is its level, not a word of its message. False: it is none."""
        end = level_ends(line, place)
        if not end:
            return False
        self.total += 1
        kind = TYPE.search(line, end)
        if kind:
            self.types[kind[0]] += 1
        if not kind or self.templates:
            message = self._message(line, end)
            if not kind:
                self.types[message[:80].encode()] += 1
            if self.templates:
                self._keep(message, line)
        return True

    def _message(self, line: bytes, begin: int) -> str:
        found = MESSAGE.search(line) if line[:1] == b"{" else None
        text = (found[1] if found else line[begin:].lstrip(b"]):|- \t")).decode("utf-8", "replace")
        return log_templates.masked(text[:400]) or "no message"

    def _keep(self, message: str, line: bytes) -> None:
        if message not in self.masked and len(self.masked) >= DISTINCT:
            message = "(rare messages)"
        self.masked[message] += 1
        self.samples.setdefault(message, line.decode("utf-8", "replace")[:300])
