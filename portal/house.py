"""The frame's own checks for `doctor`: database, schema, workers, queue, mail, address, secrets, copies."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from portal import clock, health, heartbeat, schema, secrets, sending
from portal.accounts.first import FIRST_EMAIL
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.doctor import CHECKS, Ask, Check, Finding, amber, green, red
from portal.models import Copy, Due

SHARES = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "fuse.glusterfs", "ceph", "afs"}
CLOCKS_MAY_DIFFER = 2.0  # seconds
OLDEST_POSTGRES = 130000  # 13, as PostgreSQL counts
BACKUP_EVERY, DRILL_EVERY = timedelta(days=2), timedelta(days=30)
OLDEST_SQLITE = (3, 35)  # the first with RETURNING


def put_on_shelf() -> None:
    """Called in `AppConfig.ready()`."""
    installation: dict[str, Ask] = {
        "database": database,
        "schema": its_schema,
        "clocks": clocks,
        "data folder": data_folder,
        "address": address,
        "administrators": administrators,
        "secrets": stored_secrets,
        "copies": copies,
    }
    paging: dict[str, Ask] = {"workers": workers, "queue": queue, "broker": broker, "mail": mail, "sending": sends}
    for about, checks in {"installation": installation, "paging": paging}.items():
        for name, ask in checks.items():
            CHECKS.put(name, Check(ask, about))


def database(now: datetime) -> Iterator[Finding]:
    try:
        connection.ensure_connection()
    except DatabaseError:
        yield red("The database does not answer.", "Start it, or correct DATABASE_URL; then run doctor again.")
        return
    yield from _postgres() if connection.vendor == "postgresql" else _sqlite()


def _postgres() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int, current_setting('server_version')")
        number, version = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'")
        [(has_trigrams,)] = cursor.fetchall()
    if number < OLDEST_POSTGRES:
        yield red(f"PostgreSQL {version} is too old.", "Move to PostgreSQL 13 or later (tested with 15 and 16).")
    elif not has_trigrams:
        yield red("PostgreSQL lacks the extension pg_trgm, which search needs.", "As its superuser: CREATE EXTENSION pg_trgm;")
    else:
        yield green(f"PostgreSQL {version} answers.")


def _sqlite() -> list[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        [(journal,)] = cursor.fetchall()
        cursor.execute("PRAGMA quick_check(1)")
        [(whole,)] = cursor.fetchall()
    name, found = str(connection.settings_dict["NAME"]), []
    if share := share_under(Path(name)):
        found.append(red(f"The SQLite database lies on a network share ({share}), where locks do not hold.", "Move PORTAL_DATA_DIR to a local disk."))
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        found.append(red(f"SQLite {sqlite3.sqlite_version} is too old.", "Use a Python that is built with SQLite 3.35 or later."))
    if whole != "ok":
        found.append(red(f"SQLite says that the database is damaged: {whole}", "Stop everything and restore the last copy: docs/back-up.md"))
    if journal not in {"wal", "memory"}:
        found.append(red(f"SQLite keeps no write-ahead log (journal mode {journal}).", "Move PORTAL_DATA_DIR to a disk that can lock files."))
    return found or [green(f"SQLite {sqlite3.sqlite_version} answers from {name}.")]


def share_under(path: Path, mounts_file: Path = Path("/proc/mounts")) -> str:
    """The kind of network file system that holds `path`, "" for a local disk or where the system does not tell."""
    try:
        mounts = [line.split()[1:3] for line in mounts_file.read_text().splitlines()]
    except OSError:
        return ""
    holding = [(place, kind) for place, kind in mounts if path.absolute().is_relative_to(place)]
    kind = max(holding, key=lambda mount: len(mount[0]), default=("", ""))[1]
    return kind if kind in SHARES else ""


def its_schema(now: datetime) -> Finding:
    missing, unknown = schema.missing_migrations(), schema.unknown_migrations()
    if missing:
        return red(f"The database lacks {len(missing)} migrations of this version.", "Run: manage.py up --prepare")
    if unknown:
        return red(
            "The database is newer than this code: workers of this version do nothing.", "Replace web and workers by the version that migrated it."
        )
    return green("The schema is this version's.")


def clocks(now: datetime) -> Iterator[Finding]:
    if clock.offset():
        yield amber(f"The clock is moved by {clock.offset()}, for a rehearsal.", "Run: manage.py clock 0, and unset PORTAL_CLOCK_OFFSET.")
    apart = abs((clock.database_now() - timezone.now()).total_seconds())
    if apart > CLOCKS_MAY_DIFFER:
        yield amber(f"This host and the database differ by {apart:.0f} s.", "Let both hosts keep time (chrony, systemd-timesyncd).")
    else:
        yield green("This host and the database agree on the time.")


def data_folder(now: datetime) -> Iterator[Finding]:
    folder = settings.DATA_DIR
    if not os.access(folder, os.W_OK):
        yield red(f"{folder} cannot be written.", f"Give it to the user that runs Standby: chown -R <user> {folder}")
        return
    key = folder / "secret_key"
    if key.exists() and key.stat().st_mode & 0o077:
        yield red("Others on this host can read the secret key.", f"Run: chmod 600 {key}")
    yield green(f"{folder} can be written.")


def workers(now: datetime) -> Finding:
    seen = {name: age for name, age in heartbeat.ages().items() if name.startswith("worker@")}
    working = [name for name, age in seen.items() if age <= heartbeat.SILENT_AFTER.total_seconds()]
    if working:
        return green(f"At work: {', '.join(working)}.")
    last = f"the last one was seen {min(seen.values()) / 60:.0f} min ago" if seen else "none was seen in a day"
    return red(f"No worker looks for due rows ({last}): nobody is paged.", "Start one: make run, or docker compose up -d worker")


def queue(now: datetime) -> Iterator[Finding]:
    aside = Due.objects.filter(set_aside=True).count()
    if aside:
        yield red(
            f"Rows set aside because they killed their worker five times: {aside}.",
            "Read their last_error in portal_due and the log, then report it.",
        )
    late = health.late_by(now)
    if late > health.LATE.total_seconds():
        yield red(f"The oldest due row is {late:.0f} s late.", "Start or restart a worker; if one runs, read its log.")
    else:
        yield green("Nothing that is due waits.")


def broker(now: datetime) -> Iterator[Finding]:
    if settings.BROKER_URL.startswith("memory:"):
        yield green("One machine: workers find their rows by looking each second.")
        return
    from portal.celery import app

    try:
        with app.connection_for_read(connect_timeout=1) as link:
            link.ensure_connection(max_retries=0, timeout=1)
    except Exception:  # kombu, redis and the socket each have their own
        yield amber("Redis does not answer; pages go out a second later.", "Start it, or correct PORTAL_BROKER_URL.")
        return
    if heartbeat.is_working(heartbeat.BEAT):
        yield green("Redis answers and beat runs.")
    else:
        yield amber("Beat was not seen in the last minute: reminders and hand-offs wait.", "Start one: docker compose up -d beat")


def mail(now: datetime) -> Finding:
    if settings.EMAIL_BACKEND.endswith("console.EmailBackend"):
        return amber(
            "No mail server is set: mails land in the log.", "Set PORTAL_EMAIL_URL, for example smtp+tls://user:password@mail.example.org:587"
        )
    return green(f"Mail goes out by {settings.EMAIL_HOST}:{settings.EMAIL_PORT}.")


def address(now: datetime) -> Finding:
    local = any(f"//{name}" in settings.BASE_URL for name in ("localhost", "127.0.0.1", "[::1]"))
    if local:
        return amber(
            f"Links in messages lead to {settings.BASE_URL}, which a phone cannot open.", "Set PORTAL_BASE_URL to the address that people type."
        )
    if not settings.BASE_URL.startswith("https://"):
        return amber(
            f"{settings.BASE_URL} is not encrypted: passwords and tokens can be read on the way.",
            "Put TLS in front and set https:// in PORTAL_BASE_URL.",
        )
    return green(f"Links lead to {settings.BASE_URL}.")


def administrators(now: datetime) -> Finding:
    found = list(User.objects.filter(role=Role.ADMIN, is_active=True, is_service=False).values_list("email", flat=True))
    if not found:
        return red("Nobody is an administrator.", "Run: manage.py createsuperuser")
    if found == [FIRST_EMAIL]:
        return amber("The only administrator is the account of the first start.", "Under Admin, Users: give it a real person's name and address.")
    return green(f"Administrators: {len(found)}.")


def stored_secrets(now: datetime) -> Finding:
    closed = secrets.unreadable()
    if closed:
        return red(
            f"{len(closed)} stored secrets open with no key: {', '.join(map(str, closed[:5]))}.",
            "Put their key back into PORTAL_ENCRYPTION_KEYS (docs/secrets.md), or enter these secrets anew.",
        )
    return green("Every stored secret opens with the keys that are set.")


def copies(now: datetime) -> Iterator[Finding]:
    newest = {copy.kind: copy for copy in Copy.objects.filter(well=True).order_by("at")}
    backup, drill = newest.get(Copy.Kind.BACKUP), newest.get(Copy.Kind.DRILL)
    failed = Copy.objects.filter(kind=Copy.Kind.DRILL).order_by("-at").first()
    if failed and not failed.well:
        yield red(f"The last restore drill failed: {failed.says}", "Make a new copy (manage.py backup TARGET), then: manage.py restore_drill TARGET")
    if backup is None or now - backup.at > BACKUP_EVERY:
        last = f"the last one is of {backup.at:%Y-%m-%d}" if backup else "there is none"
        yield amber(f"No backup is younger than {BACKUP_EVERY.days} days: {last}.", "Each night: manage.py backup TARGET --keep 14 (docs/back-up.md)")
    elif drill is None or now - drill.at > DRILL_EVERY:
        yield amber(f"No restore drill is younger than {DRILL_EVERY.days} days.", "Run: manage.py restore_drill TARGET")
    else:
        yield green(f"Backup of {backup.at:%Y-%m-%d %H:%M} UTC, restore drill of {drill.at:%Y-%m-%d}.")


def sends(now: datetime) -> Finding:
    found = sending.hold()
    if found is None:
        return green("Sending is on.")
    return red(
        f"Nothing is sent since {found.since:%d %b %H:%M} UTC: {found.reason}.", "Look at what waits (manage.py sending), then: manage.py sending on"
    )
