"""The files of the status page: page, feed, JSON and stylesheet, written beside and renamed, so that nobody reads half a page."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction
from django.template.loader import render_to_string
from django.utils.http import http_date

from incidents.status_page import snapshot
from incidents.status_page.snapshot import Snapshot
from portal import clock, due
from portal.models import Due

logger = logging.getLogger(__name__)

DUE = "incidents.publish_status"
LEASE = timedelta(seconds=20)
FILES = {
    "index.html": "text/html; charset=utf-8",
    "feed.atom": "application/atom+xml; charset=utf-8",
    "status.json": "application/json",
    "status.css": "text/css; charset=utf-8",
}
STYLES = Path(__file__).resolve().parent / "status.css"


def folder() -> Path:
    return Path(settings.STATUS_PAGE_DIR)


def later(at: datetime) -> None:
    """Ask for the files to be written, in the transaction that changes what they say; this process writes them on commit as well."""
    due.put(DUE, "page", at=at, priority=2)
    transaction.on_commit(_at_once, robust=True)


def handle(row: Due, now: datetime) -> None:
    """The handler of `incidents.publish_status`."""
    write(now)
    with transaction.atomic():
        due.settle(row)


def refresh(now: datetime) -> None:
    """The beat's part: planned maintenance begins and ends, and days pass, without anybody's click."""
    write(now)


def write(now: datetime) -> Snapshot:
    """Render everything public and replace the files. 6 queries."""
    taken = snapshot.take(now)
    for name, text in render(taken).items():
        _replace(folder() / name, text)
    return taken


def render(taken: Snapshot) -> dict[str, str]:
    """The text of each file. 0 queries."""
    context = {"page": taken, "base": settings.BASE_URL, "now": taken.made_at, "updated": _updated(taken)}
    return {
        "index.html": render_to_string("status_page/index.html", context),
        "feed.atom": render_to_string("status_page/feed.atom", context),
        "status.json": json.dumps(asdict(taken), default=_plain, indent=1, ensure_ascii=False),
        "status.css": STYLES.read_text(encoding="utf-8"),
    }


def read(name: str) -> str | None:
    """A file as it was last written; None: never."""
    with suppress(OSError):
        return (folder() / name).read_text(encoding="utf-8")
    return None


def last_modified(name: str) -> str:
    """For HTTP: when the file was written."""
    return http_date((folder() / name).stat().st_mtime)


def _updated(taken: Snapshot) -> datetime:
    """When anything was last said."""
    said = [update.at for incident in (*taken.current, *taken.past) for update in incident.updates]
    return max(said, default=taken.made_at)


def _at_once() -> None:
    try:
        write(clock.now())
    except (DatabaseError, OSError):
        logger.warning("the status page was not written at once; its row does it", exc_info=True)


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as new:
        new.write(text)
    os.chmod(beside, 0o644)  # the web server reads it as another user
    os.replace(beside, path)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    raise TypeError(f"{value!r} has no place in the public JSON.")
