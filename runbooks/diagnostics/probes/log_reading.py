"""Lines of a log that hold certain words within a window of time: fast on files of any size, flat in memory, right when lines are out of order.

A file whose times ascend is entered by bisection and left where the window ends. Its order is looked at every 32 kB: a file in which any
two of those places are out of order is read from end to end instead, and so is a small one. What cannot be noticed is a stretch shorter
than that which lies far from where it belongs. Times are compared as text: ISO 8601 sorts as it reads.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

CHUNK = 1 << 17  # bytes read at once; more of them leave the cache of a processor, and take twice as long
PARTED = 1 << 22  # bytes: a longer line comes in parts
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


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole lines of a file, a few hundred of them. first, last: the window as the file writes moments; a shape of None has none."""

    chunk: bytes
    shape: Shape | None
    first: bytes = b""
    last: bytes = b""

    def lines(self, words: tuple[bytes, ...]) -> Iterator[tuple[bytes, int, bytes]]:
        """(moment, place of the word, line) of each line of the window that holds one of `words`; with several of them once for each."""
        return self.within(found_in(self.chunk, words))

    def within(self, found: Iterable[tuple[int, bytes]]) -> Iterator[tuple[bytes, int, bytes]]:
        """Those of its lines that lie in the window, each with its moment."""
        for at, line in found:
            moment = self.shape.of(line) if self.shape else b""
            if self.shape is None or self.first <= moment < self.last:
                yield moment, at, line


def pieces(path: str, since: datetime, until: datetime, reading: Reading) -> Iterator[Piece]:
    """All of the file that may hold lines from `since` (included) to `until` (not); no more of it, where its times ascend. Raises: OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(descriptor).st_size
        shape = shape_of(descriptor)
        if shape is None:
            reading.ordered = None if size else reading.ordered
            yield from (Piece(chunk, None) for chunk in _chunks(descriptor, 0, size, reading))
            return
        begin, end = 0, size
        reading.ordered = _ascends(descriptor, size, shape)
        if reading.ordered and size > SMALL:
            slack = timedelta(seconds=SLACK)
            begin, _ = _bisect(descriptor, size, shape, shape.text(since - slack))
            _, end = _bisect(descriptor, size, shape, shape.text(until + slack))
            end = min(size, end + LONGEST)  # to the end of the line that begins before it
        first, last = shape.text(since), shape.text(until)
        yield from (Piece(chunk, shape, first, last) for chunk in _chunks(descriptor, begin, end, reading))
    finally:
        os.close(descriptor)


def lines(path: str, words: tuple[bytes, ...], since: datetime, until: datetime, reading: Reading) -> Iterator[tuple[bytes, int, bytes]]:
    """As `Piece.lines`, of a whole file. Raises: OSError."""
    for piece in pieces(path, since, until, reading):
        yield from piece.lines(words)


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


def _chunks(descriptor: int, begin: int, end: int, reading: Reading) -> Iterator[bytes]:
    """Whole lines from `begin`, the beginning of one; a line longer than PARTED comes in parts."""
    place, wanted = begin, CHUNK
    while place < end:
        part = os.pread(descriptor, min(wanted, end - place), place)
        if not part:
            return  # it was cut short meanwhile
        cut = part.rfind(b"\n") + 1
        if place + len(part) >= end:
            cut = len(part)
        elif cut == 0 and wanted < PARTED:
            wanted *= 2
            continue
        cut, wanted = cut or len(part), CHUNK
        place += cut
        reading.read += cut
        yield part[:cut]


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


def lines_at(chunk: bytes, word: bytes, places: Iterable[int]) -> Iterator[tuple[int, bytes]]:
    """As `found_in`, of the places of `word` that are known; one that is not the first of its line is left out."""
    for at in places:
        begin = chunk.rfind(b"\n", 0, at) + 1
        if chunk.find(word, begin, at) < 0:
            finish = chunk.find(b"\n", at)
            yield at - begin, chunk[begin : min(finish if finish >= 0 else len(chunk), begin + LONGEST)]


def of_stream(read: Callable[[int], bytes], words: tuple[bytes, ...], reading: Reading) -> Iterator[tuple[int, bytes]]:
    """As the lines of a file, of something that can only be read once."""
    rest = b""
    while part := read(CHUNK):
        reading.read += len(part)
        chunk = rest + part
        cut = chunk.rfind(b"\n") + 1
        if cut == 0 and len(chunk) < PARTED:
            rest = chunk
            continue
        rest = chunk[cut:] if cut else b""
        yield from found_in(chunk[:cut] if cut else chunk, words)
    yield from found_in(rest, words)
