"""A host whose clock is set back an hour while a page waits, with two beats: nothing is lost, nothing is said twice."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg2
import pytest
from django.db import connection

from tests import servers
from tests.journeys.running import Mailbox, Portal, eventually
from tests.journeys.test_walk import PEOPLE, SECOND, crafted

pytestmark = [pytest.mark.servers, pytest.mark.slow]
LIBRARY = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)
# libfaketime 0.9.10 spoils clock_nanosleep with an absolute monotonic time, which is how Python sleeps.
SLEEP = "import select, time\ntime.sleep = lambda seconds: select.select([], [], [], seconds) and None\n"
EVERY_TASK = "from oncall.tasks import *; open_shift_checklists.apply(); hand_over.apply()"


@pytest.fixture
def machine(tmp_path):
    """A portal and its mailbox; the portal's hosts read the clock that `set_clock` moves. PostgreSQL, where it is used, is another host."""
    if LIBRARY is None:
        pytest.skip("libfaketime is not installed: apt-get install faketime")
    offset, box = tmp_path / "clock", Mailbox()
    offset.write_text("+0\n")
    (tmp_path / "sitecustomize.py").write_text(SLEEP)
    faked = {"LD_PRELOAD": str(LIBRARY), "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    faked |= {"NO_FAKE_STAT": "1", "PORTAL_PAGES_BUNDLED_WITHIN": "0"}
    places, redis = _places()
    portal = Portal(*places, box.port, 0, **faked, also_on_path=str(tmp_path))
    portal.set_clock = lambda text: offset.write_text(f"{text}\n")
    yield portal, box
    portal.close()
    box.close()
    if redis:
        redis.close()


def _places():
    """Addresses of database and broker, and the Redis to close: none of them on SQLite."""
    if connection.vendor != "postgresql":
        return ("", ""), None
    try:
        redis = servers.Redis()
    except servers.NotInstalled as reason:
        pytest.skip(str(reason))
    admin = psycopg2.connect(os.environ["DATABASE_URL"])
    admin.autocommit = True
    admin.cursor().execute("CREATE DATABASE set_back")
    admin.close()
    return (f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/set_back", redis.url), redis


def test_a_clock_set_back_one_hour_loses_no_page_and_repeats_no_reminder(machine):
    portal, box = machine
    portal.shell(PEOPLE)  # minutes of the escalation become seconds
    portal._start("-m", "celery", "--quiet", "-A", "portal.celery", "beat")  # a second beat
    token = portal.manage("create_source", "main", "--default-service", "agent-api").split()[-1]
    portal.shell(EVERY_TASK)
    portal.hook(token, crafted("AgentCompleteOutage", service="agent-worker"))
    eventually(lambda: box.to(portal.email, "AgentCompleteOutage"), 30)

    portal.set_clock("-3600")
    eventually(lambda: box.to(SECOND, "AgentCompleteOutage"), 60)  # 15 s after the first, not an hour and 15 s

    for _ in range(3):
        portal.shell(EVERY_TASK)
    eventually(lambda: portal.shell("from portal.notify.models import Message as M; print(M.objects.filter(state='pending').count())") == "0", 30)
    subjects = [(mail["To"], mail["Subject"]) for mail in list(box.mails) if "Your shift" in mail["Subject"]]
    assert subjects
    assert len(subjects) == len(set(subjects))
