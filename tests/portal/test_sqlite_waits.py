"""Writers of SQLite wait fairly: the lock is asked for often, given up after the timeout, and SQLite's own wait is as before."""

from __future__ import annotations

import sqlite3
import threading
import time

import pytest
from django.db import OperationalError, connection, transaction

from portal.models import Tally

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def other():
    """Another writer, who has the lock until it lets go."""
    link = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None, check_same_thread=False)
    link.execute("BEGIN IMMEDIATE")
    yield link
    link.close()


def patience() -> int:
    with connection.cursor() as cursor:
        return cursor.execute("PRAGMA busy_timeout").fetchone()[0]


def test_a_transaction_begins_as_soon_as_the_lock_is_free(other):
    before = patience()
    threading.Timer(0.2, lambda: other.execute("COMMIT")).start()
    started = time.monotonic()

    with transaction.atomic():
        Tally.objects.create(name="x", amount=1)

    assert 0.15 < time.monotonic() - started < 2
    assert patience() == before >= 5000


def test_a_lock_that_is_never_free_is_said_after_the_timeout(other, monkeypatch):
    before = patience()
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.05)

    with pytest.raises(OperationalError, match="locked"), transaction.atomic():
        pass

    assert patience() == before
