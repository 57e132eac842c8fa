"""Lines of a log that hold certain words within a window of time: fast on files of any size, flat in memory, right when lines are out of order.

A file whose times ascend is entered by bisection and left where the window ends. Its order is looked at every 32 kB: a file in which any
two of those places are out of order is read from end to end instead, and so is a small one. What cannot be noticed is a stretch shorter
than that which lies far from where it belongs. Times are compared as text: ISO 8601 sorts as it reads.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

CHUNK = 1 << 20  # bytes read at once
EVERY = 1 << 15  # bytes between two looks at the order
SMALL = 1 << 20  # bytes: read from end to end
LOOK = 4096  # bytes looked at for the next line
SLACK = 60  # seconds: lines of several threads may be that much out of order without harm
LONGEST = 1 << 16  # bytes of one line that are looked at
STAMP = re.compile(rb"(\d{4}-\d\d-\d\d)([T ])(\d\d:\d\d:\d\d)(?:[.,]\d{1,9})?\s?(Z|[+-]\d\d:?\d\d)?")
WIDTH = 19  # characters of a moment without fractions


@dataclass(frozen=True, slots=True)
class Shape:
    """How moments stand in a file: at which column, with T or a space, how far from UTC."""

    column: int
    letter: bytes
    offset: timedelta

    def text(self, moment: datetime) -> bytes:
        """A moment as this file would write it, to the second."""
        return (moment.astimezone(UTC) + self.offset).strftime(f"%Y-%m-%d{self.letter.decode()}%H:%M:%S").encode()

    def of(self, line: bytes) -> bytes:
        """The moment of a line; b"" for one that has none, such as a line of a traceback."""
        found = line[self.column : self.column + WIDTH]
        if len(found) == WIDTH and found[4:5] == b"-" and found[13:14] == b":" and found[10:11] == self.letter and found[:4].isdigit():
            return found
        other = STAMP.search(line, 0, 300)
        return other[1] + self.letter + other[3] if other else b""


@dataclass(slots=True)
class Reading:
    """What was noticed on the way. ordered: None where lines have no time at all, so the whole file counted."""

    ordered: bool | None = True
    read: int = 0  # bytes


def shape_of(descriptor: int) -> Shape | None:
    """Taken from the first line that begins with a moment, within the first 64 kB."""
    for line in os.pread(descriptor, EVERY, 0).split(b"\n")[:500]:
        found = STAMP.search(line, 0, 300)
        if found:
            return Shape(found.start(1), found[2], _offset(found[4]))
    return None


def _offset(zone: bytes | None) -> timedelta:
    """Lines without a zone are taken for UTC."""
    if not zone or zone == b"Z":
        return timedelta()
    sign = -1 if zone[:1] == b"-" else 1
    digits = zone[1:].replace(b":", b"")
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]))).utcoffset(None)


def lines(path: str, words: tuple[bytes, ...], since: datetime, until: datetime, reading: Reading) -> Iterator[tuple[bytes, int, bytes]]:
    """(moment, place of the word, line) of each line that holds one of `words`, from `since` (included) to `until` (not).

    A line with several of the words comes once for each. Raises: OSError.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(descriptor).st_size
        shape = shape_of(descriptor)
        if shape is None:
            reading.ordered = None if size else reading.ordered
            yield from ((b"", at, line) for at, line in _scan(descriptor, 0, size, words, reading))
            return
        first, last = shape.text(since), shape.text(until)
        begin, end = 0, size
        reading.ordered = _ascends(descriptor, size, shape)
        if reading.ordered and size > SMALL:
            slack = timedelta(seconds=SLACK)
            begin, _ = _bisect(descriptor, size, shape, shape.text(since - slack))
            _, end = _bisect(descriptor, size, shape, shape.text(until + slack))
            end = min(size, end + LONGEST)  # to the end of the line that begins before it
        for at, line in _scan(descriptor, begin, end, words, reading):
            moment = shape.of(line)
            if first <= moment < last:
                yield moment, at, line
    finally:
        os.close(descriptor)


def _ascends(descriptor: int, size: int, shape: Shape) -> bool:
    """Looks every 64 kB; up to a minute backwards is nothing."""
    highest, floor = b"", b""
    for place in range(0, size, EVERY):
        moment = _moment_after(descriptor, place, size, shape)[0]
        if not moment:
            continue
        if moment < floor:
            return False
        if moment > highest:
            highest = moment
            floor = shape.text(_parsed(moment, shape) - timedelta(seconds=SLACK))
    return True


def _parsed(moment: bytes, shape: Shape) -> datetime:
    try:
        return datetime.fromisoformat(moment.decode()).replace(tzinfo=UTC) - shape.offset
    except (ValueError, OverflowError):
        return datetime(1970, 1, 2, tzinfo=UTC)


def _moment_after(descriptor: int, place: int, size: int, shape: Shape) -> tuple[bytes, int]:
    """The moment of the first line with one that begins at or after `place`, and where it begins; (b"", size) for none near."""
    at = place
    for _ in range(64):  # lines of a traceback have no moment
        part = os.pread(descriptor, LOOK, at)
        if not part:
            return b"", size
        begin = 0 if at == 0 else part.find(b"\n") + 1
        if at and begin == 0:
            at += len(part)
            continue
        while begin < len(part):
            end = part.find(b"\n", begin)
            if end < 0 and begin:
                break
            moment = shape.of(part[begin : end if end >= 0 else len(part)])
            if moment:
                return moment, at + begin
            if end < 0:
                break
            begin = end + 1
        at += max(begin - 1, 1)
    return b"", size


def _bisect(descriptor: int, size: int, shape: Shape, moment: bytes) -> tuple[int, int]:
    """Two places: every line before the first (the beginning of a line) is earlier, every line that begins after the second is not."""
    low, high = 0, size
    while high - low > LOOK:
        middle = (low + high) // 2
        found, begins = _moment_after(descriptor, middle, size, shape)
        if not found or found >= moment:
            high = middle
        elif begins >= high:
            break
        else:
            low = begins
    return low, high


def _scan(descriptor: int, begin: int, end: int, words: tuple[bytes, ...], reading: Reading) -> Iterator[tuple[int, bytes]]:
    """Each line with one of the words and where in it; `begin` is the beginning of a line."""
    place, rest = begin, b""
    while place < end or rest:
        part = os.pread(descriptor, min(CHUNK, end - place), place) if place < end else b""
        place += len(part)
        reading.read += len(part)
        if part:
            chunk = rest + part
            cut = chunk.rfind(b"\n") + 1
            if cut == 0 and len(chunk) < 4 * CHUNK:
                rest = chunk
                continue
            chunk, rest = (chunk[:cut], chunk[cut:]) if cut else (chunk, b"")
        else:
            chunk, rest = rest, b""
            place = end
        yield from found_in(chunk, words)


def found_in(chunk: bytes, words: tuple[bytes, ...]) -> Iterator[tuple[int, bytes]]:
    """Each line of `chunk` with one of the words, and where in the line its first one stands."""
    find, rfind = chunk.find, chunk.rfind
    for word in words:
        at = find(word)
        while at >= 0:
            begin = rfind(b"\n", 0, at) + 1
            finish = find(b"\n", at)
            if finish < 0:
                finish = len(chunk)
            yield at - begin, chunk[begin : min(finish, begin + LONGEST)]
            at = find(word, finish)


def of_stream(read: Callable[[int], bytes], words: tuple[bytes, ...], reading: Reading) -> Iterator[tuple[int, bytes]]:
    """As the lines of a file, of something that can only be read once."""
    rest = b""
    while part := read(CHUNK):
        reading.read += len(part)
        chunk = rest + part
        cut = chunk.rfind(b"\n") + 1
        if cut == 0 and len(chunk) < 4 * CHUNK:
            rest = chunk
            continue
        rest = chunk[cut:] if cut else b""
        yield from found_in(chunk[:cut] if cut else chunk, words)
    yield from found_in(rest, words)
