"""The files of a folder, a git work tree or a zip: what each is, and its bytes. Nothing outside is read."""

from __future__ import annotations

import io
import subprocess
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Literal, Protocol

from portal.errors import Invalid

Kind = Literal["runbook", "image", "other"]
SUFFIXES = (".html.md.erb", ".html.md", ".md", ".markdown", ".mdown")
IMAGES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp"}
LARGEST = 4 * 1024 * 1024  # bytes of one file
MEMBERS, UNPACKED, RATIO, NAME = 2_000, 50 * 1024 * 1024, 100, 200  # of an archive
_SKIPPED = frozenset([".git", ".hg", ".svn", "node_modules", "__MACOSX"])


@dataclass(frozen=True, slots=True)
class Found:
    """One file: its path inside the source, what it is, and why it is no runbook ("" where it is one)."""

    path: str
    kind: Kind
    why_not: str = ""


class Tree(Protocol):
    def listing(self) -> list[Found]:
        """Every file, in the order of their paths."""
        ...

    def read(self, path: str) -> bytes:
        """Raises: OSError."""
        ...

    def commit(self) -> str:
        """Of a git work tree; else empty."""
        ...


def kind_of(path: str, *, plain: bool = False) -> Found:
    """What a file is by its name. plain: a name without a suffix is a text too."""
    name = PurePosixPath(path).name.lower()
    if name.endswith(SUFFIXES) or (plain and "." not in name):
        return Found(path, "runbook")
    if PurePosixPath(name).suffix in IMAGES:
        return Found(path, "image", "an image, kept for the pages that show it")
    suffix = PurePosixPath(name).suffix
    rules = " (rule files are read by lint_rules)" if suffix in (".yml", ".yaml") else ""
    return Found(path, "other", f"not Markdown: {suffix or 'no suffix'}{rules}")


class Folder:
    """A folder on this server. Links that lead out of it are not followed."""

    def __init__(self, root: Path, *, plain: bool = False) -> None:
        if not root.is_dir():
            raise Invalid(f"{root} is no folder. Give a folder, a git work tree or a .zip file.")
        self.root, self.plain = root.resolve(), plain

    def listing(self) -> list[Found]:
        return [kind_of(path, plain=self.plain) for path in sorted(self._paths())]

    def _paths(self) -> Iterator[str]:
        for folder, folders, names in self.root.walk() if hasattr(self.root, "walk") else _walk(self.root):
            folders[:] = sorted(name for name in folders if name not in _SKIPPED)
            for name in names:
                yield str(PurePosixPath((Path(folder) / name).relative_to(self.root).as_posix()))

    def read(self, path: str) -> bytes:
        place = (self.root / path).resolve()
        if not place.is_relative_to(self.root):
            raise OSError("it leads out of the folder")
        if not place.is_file():
            raise OSError("it is no regular file")
        if place.stat().st_size > LARGEST:
            raise OSError(f"it is larger than {LARGEST // 1024 // 1024} MB")
        return place.read_bytes()

    def commit(self) -> str:
        """By asking git about this folder only; it runs nothing of the repository's."""
        command = ["git", "-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-C", str(self.root), "rev-parse", "HEAD"]
        try:
            answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603  (a fixed argument list)
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return answer.stdout.strip()[:64] if answer.returncode == 0 else ""


def _walk(root: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    import os

    for folder, folders, names in os.walk(root):
        yield Path(folder), folders, names


class Archive:
    """A zip, read with every limit counted while reading. Raises: Invalid for one that is refused as a whole."""

    def __init__(self, file: IO[bytes], *, plain: bool = False) -> None:
        self.plain = plain
        try:
            self.zip = zipfile.ZipFile(file)
            self.members = [member for member in self.zip.infolist() if not member.is_dir()]
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, UnicodeError) as trouble:
            raise Invalid("This is no zip file that can be read.") from trouble
        if len(self.members) > MEMBERS:
            raise Invalid(f"An archive may hold {MEMBERS:,} files; this one holds {len(self.members):,}.")
        self.left = UNPACKED
        self.by_path = {_safe(member.filename): member for member in self.members if _safe(member.filename)}
        self.refused = [
            Found(member.filename[:NAME], "other", "its name leads out of the archive") for member in self.members if not _safe(member.filename)
        ]

    def listing(self) -> list[Found]:
        found = [kind_of(path, plain=self.plain) for path in sorted(self.by_path) if not _SKIPPED & set(path.split("/"))]
        return found + self.refused

    def read(self, path: str) -> bytes:
        member = self.by_path[path]
        if (member.external_attr >> 16) & 0o170000 not in (0, 0o100000):
            raise OSError("it is a link or a device")
        limit = min(LARGEST, self.left)
        try:
            with self.zip.open(member) as stream:
                content = stream.read(limit + 1)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as trouble:
            raise OSError("the archive is damaged here, or locked") from trouble
        if len(content) > limit or len(content) > RATIO * max(member.compress_size, 1000):
            raise OSError("it unpacks to more than is allowed")
        self.left -= len(content)
        return content

    def commit(self) -> str:
        return ""


def _safe(name: str) -> str:
    """The path of a member; empty where it is absolute, leads upwards, names a drive or is too long."""
    name = unicodedata.normalize("NFC", name.replace("\\", "/"))
    pieces = [piece for piece in name.split("/") if piece not in ("", ".")]
    bad = name.startswith("/") or ".." in pieces or (pieces and ":" in pieces[0]) or len(name) > NAME or any(ord(c) < 32 for c in name)
    return "" if bad or not pieces else "/".join(pieces)


def tree_of(path: str | Path, *, plain: bool = False) -> Tree:
    """Of a folder, or of a file that is a zip. Raises: Invalid."""
    place = Path(path)
    if place.is_file():
        return Archive(io.BytesIO(place.read_bytes()), plain=plain)
    return Folder(place, plain=plain)
