"""Bring a copy back, and prove beforehand that it can be: counts, checksums, files, and the portal running on it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from portal import backup, checksums, sending
from portal.backup import CannotCopy, Manifest
from portal.models import Copy

START_WITHIN = 120  # seconds that the portal may take to start on the copy and draw its pages


@dataclass
class Proof:
    """What a drill saw. `problems` empty: the copy is good."""

    folder: Path
    manifest: Manifest
    problems: list[str] = field(default_factory=list)
    pages: dict[str, int] = field(default_factory=dict)  # address: bytes
    newest_at: str = ""  # of the newest journal entry, ISO 8601
    seconds: float = 0.0

    @property
    def well(self) -> bool:
        return not self.problems


def drill(source: Path, *, at: datetime) -> Proof:
    """Restore the copy (or the newest below `source`) into a database of its own, compare, look at pages, throw it away.

    Our own database keeps a note of how it ended. Raises: CannotCopy.
    """
    started = time.monotonic()
    folder = chosen(source)
    manifest = _of_this_vendor(folder)
    proof = Proof(folder, manifest)
    with tempfile.TemporaryDirectory(prefix="standby-drill-") as room, _restored(folder, Path(room)) as (url, tables):
        proof.problems += checksums.differences(manifest.tables, tables)
        if (folder / backup.MEDIA).is_dir():
            shutil.copytree(folder / backup.MEDIA, Path(room) / backup.MEDIA)
        if checksums.of_files(Path(room) / backup.MEDIA) != manifest.media:
            proof.problems.append("files in media/ differ from the manifest")
        _look_at_pages(proof, url, Path(room))
    proof.seconds = time.monotonic() - started
    says = "; ".join(proof.problems) or f"{manifest.rows} rows in {len(manifest.tables)} tables equal, {len(proof.pages)} pages drawn"
    Copy.objects.create(kind=Copy.Kind.DRILL, at=at, place=str(folder), well=proof.well, seconds=proof.seconds, says=says)
    return proof


def restore(source: Path, *, at: datetime) -> Manifest:
    """Bring the copy back into the configured database, which must be empty. It starts with sending off. Raises: CannotCopy."""
    folder = chosen(source)
    manifest = _of_this_vendor(folder)
    if connection.introspection.table_names():
        raise CannotCopy("The configured database is not empty. Point DATABASE_URL (or PORTAL_DATA_DIR) to a new one; nothing was changed.")
    media = Path(settings.MEDIA_ROOT)
    if media.is_dir() and any(media.iterdir()):
        raise CannotCopy(f"{media} is not empty. Move it aside; nothing was changed.")
    if connection.vendor == "postgresql":
        _fill_postgres(folder, str(connection.settings_dict["NAME"]))
        tables = _tables_of_postgres(str(connection.settings_dict["NAME"]))
    else:
        file = Path(connection.settings_dict["NAME"])
        connection.close()
        for left in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))):
            left.unlink(missing_ok=True)
        shutil.copyfile(folder / backup.DATABASE["sqlite"], file)
        tables = checksums.of_sqlite(file)
    if problems := checksums.differences(manifest.tables, tables):
        raise CannotCopy("What was restored is not what was copied: " + "; ".join(problems))
    if (folder / backup.MEDIA).is_dir():
        shutil.copytree(folder / backup.MEDIA, media, dirs_exist_ok=True)
    sending.switch_off(f"Restored from the copy of {manifest.made_at[:16].replace('T', ' ')} UTC", at=at)
    return manifest


def chosen(source: Path) -> Path:
    """`source` itself if it is a copy, else the newest copy below it. Raises: CannotCopy."""
    if (source / backup.MANIFEST).is_file():
        return source
    found = backup.copies_in(source)
    if not found:
        raise CannotCopy(f"There is no copy in {source}. Make one: manage.py backup {source}")
    return found[0]


def _of_this_vendor(folder: Path) -> Manifest:
    manifest = backup.read_manifest(folder)
    if manifest.vendor != connection.vendor:
        raise CannotCopy(f"{folder} is a copy of {manifest.vendor}, this installation runs on {connection.vendor}. Set DATABASE_URL accordingly.")
    return manifest


@contextlib.contextmanager
def _restored(folder: Path, room: Path) -> Iterator[tuple[str, checksums.Tables]]:
    """DATABASE_URL of a throw-away database that holds the copy, and what is in it."""
    if connection.vendor != "postgresql":
        file = room / "standby.sqlite3"
        shutil.copyfile(folder / backup.DATABASE["sqlite"], file)
        yield f"sqlite:///{file}", checksums.of_sqlite(file)
        return
    name = f"standby_drill_{secrets.token_hex(4)}"
    with _maintenance() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
    try:
        _fill_postgres(folder, name)
        yield _url_of_postgres(name), _tables_of_postgres(name)
    finally:
        with _maintenance() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _fill_postgres(folder: Path, name: str) -> None:
    dump = str(folder / backup.DATABASE["postgresql"])
    backup.run_postgres_program("pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", f"--dbname={name}", dump, database=name)


def _connect(name: str) -> Any:
    import psycopg2

    ours = connection.settings_dict
    return psycopg2.connect(
        dbname=name, host=ours["HOST"] or None, port=ours["PORT"] or None, user=ours["USER"] or None, password=ours["PASSWORD"] or None
    )


@contextlib.contextmanager
def _maintenance() -> Iterator[Any]:
    """A cursor outside any transaction, for CREATE and DROP DATABASE. Raises: CannotCopy."""
    import psycopg2

    link = _connect(str(connection.settings_dict["NAME"]))
    link.autocommit = True
    try:
        with link.cursor() as cursor:
            yield cursor
    except psycopg2.errors.InsufficientPrivilege as refused:
        user = connection.settings_dict["USER"]
        raise CannotCopy(f"The database user may not make a database for the drill. As superuser: ALTER ROLE {user} CREATEDB;") from refused
    finally:
        link.close()


def _tables_of_postgres(name: str) -> checksums.Tables:
    link = _connect(name)
    try:
        with link, link.cursor() as cursor:
            return checksums.of_postgres(cursor)
    finally:
        link.close()


def _url_of_postgres(name: str) -> str:
    ours = connection.settings_dict
    who = quote(ours["USER"], safe="") + (f":{quote(ours['PASSWORD'], safe='')}" if ours["PASSWORD"] else "")
    return f"postgres://{who}@{ours['HOST'] or 'localhost'}:{ours['PORT'] or 5432}/{name}"


def _look_at_pages(proof: Proof, url: str, room: Path) -> None:
    """Start the portal on the copy, as an own process with an own data folder, and draw what `walk_through` names."""
    if Path(settings.STATIC_ROOT).is_dir():
        (room / "static").symlink_to(settings.STATIC_ROOT)
    keys = {"PORTAL_SECRET_KEY": settings.SECRET_KEY, "PORTAL_ENCRYPTION_KEYS": ",".join(settings.ENCRYPTION_KEYS)}
    environment = {**os.environ, "DATABASE_URL": url, "PORTAL_DATA_DIR": str(room), **keys}
    command = [sys.executable, "-m", "portal.walk_through"]
    try:
        done = subprocess.run(  # noqa: S603  (our own module)
            command, env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=START_WITHIN, check=False
        )
        seen = json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        proof.problems.append(f"the portal did not start on the copy within {START_WITHIN} s")
        return
    except (ValueError, IndexError):
        proof.problems.append(f"the portal did not start on the copy: {(done.stderr.strip().splitlines() or ['no word'])[-1]}")
        return
    proof.newest_at, proof.pages = seen["newest_at"], seen["pages"]
    proof.problems += seen["problems"]
