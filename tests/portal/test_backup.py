"""A copy made while people write can be proven, brought back, and stays quiet until somebody says so."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.core.management import CommandError, call_command
from django.db import connection

from portal import backup, checksums, due, journal, restoring, seeding, sending
from portal.backup import CannotCopy
from portal.models import Copy, Due, Hold
from portal.notify import outbox
from portal.notify.models import Message

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def filled(admin_user, noon, settings, tmp_path):
    """The shipped content, a story, and one uploaded file."""
    settings.MEDIA_ROOT = tmp_path / "media"
    FileSystemStorage(settings.MEDIA_ROOT).save("attachments/graph.txt", ContentFile(b"error rate 8 %"))
    seeding.seed(noon)
    for number in range(30):
        journal.append("incident:1", kind="note", at=noon, by=admin_user, text=f"Zeile {number}: Größe, ☃ and 'quotes' \\ done")
    return tmp_path / "copies"


def tamper(folder: Path) -> None:
    """A copy whose content is not what its manifest says."""
    manifest = json.loads((folder / backup.MANIFEST).read_text())
    rows, checksum = manifest["tables"]["portal_entry"]
    manifest["tables"]["portal_entry"] = [rows, checksum[::-1]]
    (folder / backup.MANIFEST).write_text(json.dumps(manifest))


def test_a_restore_drill_finds_everything_equal_and_draws_pages(filled, noon):
    folder, manifest = backup.back_up(filled, at=noon)

    proof = restoring.drill(filled, at=noon)

    assert proof.problems == []
    assert manifest.tables["portal_entry"][0] == 30
    assert list(manifest.media) == ["attachments/graph.txt"]
    assert any(address.startswith("/runbooks/") for address in proof.pages)
    assert proof.newest_at
    assert [(copy.kind, copy.well) for copy in Copy.objects.order_by("pk")] == [("backup", True), ("drill", True)]
    assert folder.stat().st_mode & 0o077 == 0


def test_a_drill_on_a_copy_that_changed_says_which_table(filled, noon):
    folder, _ = backup.back_up(filled, at=noon)
    tamper(folder)
    (folder / "media/attachments/graph.txt").write_text("error rate 0 %")

    with pytest.raises(CommandError, match="not good"):
        call_command("restore_drill", str(filled), stdout=(out := StringIO()), no_color=True)

    assert "problem      portal_entry: as many rows, other content" in out.getvalue()
    assert "problem      files in media/ differ" in out.getvalue()
    assert not Copy.objects.get(kind="drill").well


def test_a_copy_is_whole_while_writers_go_on(filled, noon, admin_user):
    stop = threading.Event()

    def write():
        number = 0
        while not stop.is_set():
            journal.append("incident:2", kind="note", at=noon, by=admin_user, text=f"meanwhile {number}")
            number += 1
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        backup.back_up(filled, at=noon)
    finally:
        stop.set()
        writer.join()

    assert restoring.drill(filled, at=noon).problems == []


def test_only_the_newest_copies_are_kept_and_a_half_one_never_counts(filled, noon):
    for hour in range(4):
        backup.back_up(filled, at=noon + timedelta(hours=hour), keep=2)
    (filled / "standby-20990101T000000Z.part").mkdir()

    assert [folder.name for folder in backup.copies_in(filled)] == ["standby-20260303T150000Z", "standby-20260303T140000Z"]
    assert restoring.chosen(filled).name == "standby-20260303T150000Z"


def test_what_cannot_be_done_is_said_with_its_fix(filled, noon, tmp_path):
    file = tmp_path / "a file"
    file.write_text("")

    with pytest.raises(CannotCopy, match="Choose a folder"):
        backup.back_up(file / "below", at=noon)
    with pytest.raises(CannotCopy, match="Make one: manage.py backup"):
        restoring.drill(tmp_path / "nothing here", at=noon)
    backup.back_up(filled, at=noon)
    with pytest.raises(CannotCopy, match="is not empty.*nothing was changed"):
        restoring.restore(filled, at=noon)


def test_a_copy_holds_no_secret_key(filled, noon, settings):
    folder, _ = backup.back_up(filled, at=noon)

    found = [path for path in folder.rglob("*") if path.is_file() and settings.SECRET_KEY.encode() in path.read_bytes()]

    assert found == []


def test_while_sending_is_off_nothing_is_worked_and_old_pages_are_never_sent(noon, ana):
    outbox.queue(ana, channel="console", purpose="page", subject="yesterday", body="b", dedup_key="old", at=noon)
    sending.switch_off("Restored", at=noon + timedelta(minutes=1))

    assert due.run("paging") == 0

    outbox.queue(ana, channel="console", purpose="page", subject="today", body="b", dedup_key="new", at=noon + timedelta(minutes=2))
    call_command("sending", "on", stdout=(out := StringIO()))
    due.run("paging")

    assert "Messages from before, not sent: 1" in out.getvalue()
    assert {message.subject: message.state for message in Message.objects.all()} == {"yesterday": "suppressed", "today": "sent"}
    assert not Hold.objects.exists() and not Due.objects.exists()


def test_rows_in_another_order_have_the_same_checksum_and_a_changed_one_has_not(tmp_path):
    import sqlite3

    files = {}
    for name, rows in {"one": [(1, "a"), (2, "b")], "turned": [(2, "b"), (1, "a")], "changed": [(1, "a"), (2, "c")]}.items():
        files[name] = tmp_path / name
        with sqlite3.connect(files[name]) as link:
            link.execute("CREATE TABLE t (id, text)")
            link.executemany("INSERT INTO t VALUES (?, ?)", rows)
        link.close()
    one, turned, changed = (checksums.of_sqlite(files[name]) for name in ("one", "turned", "changed"))

    assert one == turned
    assert checksums.differences(one, changed) == ["t: as many rows, other content"]
