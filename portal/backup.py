"""Copy everything while it runs: database, uploaded files, and a manifest by which the copy can be proven.

A copy is a folder `standby-<moment>`: `database.sqlite3` or `database.dump`, `media/`, `manifest.json`. Counts and checksums in the
manifest are taken from the very state that was copied. Keys are not in it: keep them somewhere else (docs/back-up.md).
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from portal import checksums
from portal.checksums import Tables
from portal.errors import DomainError
from portal.models import Copy

FORMAT = 1
MANIFEST, MEDIA = "manifest.json", "media"
DATABASE = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
PREFIX = "standby-"


class CannotCopy(DomainError):
    code = "cannot_copy"


@dataclass(frozen=True, slots=True)
class Manifest:
    made_at: str  # ISO 8601, UTC
    vendor: str
    tables: Tables
    media: dict[str, str]  # path: SHA-256
    format: int = FORMAT

    @property
    def rows(self) -> int:
        return sum(count for count, _ in self.tables.values())


def back_up(target: Path, *, at: datetime, keep: int = 0) -> tuple[Path, Manifest]:
    """A new folder below `target`, complete when it has its name. `keep`: older copies beyond that number are deleted; 0 keeps all.

    Raises: CannotCopy.
    """
    started = time.monotonic()
    folder = target / f"{PREFIX}{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    part = folder.with_suffix(".part")
    if folder.exists():
        raise CannotCopy(f"{folder} exists already.")
    try:
        part.mkdir(parents=True)
        manifest = _write(part, at)
        part.rename(folder)
    except OSError as trouble:
        raise CannotCopy(f"{part} cannot be written: {trouble.strerror}. Choose a folder that this user may write.") from trouble
    finally:
        shutil.rmtree(part, ignore_errors=True)
    says = f"{manifest.rows} rows in {len(manifest.tables)} tables, {len(manifest.media)} files"
    Copy.objects.create(kind=Copy.Kind.BACKUP, at=at, place=str(folder), well=True, seconds=time.monotonic() - started, says=says)
    for old in copies_in(target)[keep:] if keep else []:
        shutil.rmtree(old)
    return folder, manifest


def copies_in(target: Path) -> list[Path]:
    """Complete copies below `target`, the newest first."""
    return sorted((path.parent for path in target.glob(f"{PREFIX}*/{MANIFEST}") if not path.parent.suffix), reverse=True)


def read_manifest(folder: Path) -> Manifest:
    """Raises: CannotCopy, that is no copy of ours."""
    try:
        found: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
        if found.get("format") != FORMAT:
            raise CannotCopy(f"{folder} was written by another version (format {found.get('format')}).")
        tables = {name: (rows, checksum) for name, (rows, checksum) in found["tables"].items()}
        return Manifest(found["made_at"], found["vendor"], tables, found["media"])
    except (OSError, ValueError, KeyError) as trouble:
        raise CannotCopy(f"{folder} holds no readable {MANIFEST}.") from trouble


def _write(part: Path, at: datetime) -> Manifest:
    file = part / DATABASE[connection.vendor]
    tables = _copy_postgres(file) if connection.vendor == "postgresql" else _copy_sqlite(file)
    if settings.MEDIA_ROOT and Path(settings.MEDIA_ROOT).is_dir():
        shutil.copytree(settings.MEDIA_ROOT, part / MEDIA)
    manifest = Manifest(at.astimezone(UTC).isoformat(), connection.vendor, tables, checksums.of_files(part / MEDIA))
    (part / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1) + "\n")
    os.chmod(part, 0o700)  # it holds everything that people wrote
    return manifest


def _copy_sqlite(file: Path) -> Tables:
    """In one step under one read transaction: with a write-ahead log writers go on meanwhile."""
    source = sqlite3.connect(f"file:{connection.settings_dict['NAME']}?mode=ro", uri=True)
    copy = sqlite3.connect(file)
    try:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, no log beside it
    finally:
        source.close()
        copy.close()
    return checksums.of_sqlite(file)


def _copy_postgres(file: Path) -> Tables:
    """pg_dump and the checksums read the same snapshot, so they agree while writers go on."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone()
        run_postgres_program("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={file}")
        return checksums.of_postgres(cursor)


def run_postgres_program(program: str, *arguments: str, database: str = "") -> None:
    """With our connection's address and password in its environment, never on its command line. Raises: CannotCopy with its last line."""
    ours = connection.settings_dict
    address = {"PGHOST": ours["HOST"], "PGPORT": str(ours["PORT"] or ""), "PGUSER": ours["USER"], "PGPASSWORD": ours["PASSWORD"]}
    environment = {**os.environ, **{name: value for name, value in address.items() if value}, "PGDATABASE": database or ours["NAME"]}
    found = shutil.which(program)
    if found is None:
        raise CannotCopy(f"{program} is not installed here. Debian: apt install postgresql-client")
    done = subprocess.run([found, *arguments], env=environment, capture_output=True, text=True, check=False)  # noqa: S603  (our own arguments)
    if done.returncode:
        raise CannotCopy(f"{program} failed: {(done.stderr.strip().splitlines() or ['without a word'])[-1]}")
