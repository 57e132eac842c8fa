"""A single machine whose clock is set back an hour while a page waits, with two beats: nothing is lost, nothing is said twice."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from django.db import connection

from tests.journeys.running import Mailbox, Portal, eventually
from tests.journeys.test_walk import PEOPLE, SECOND, crafted

pytestmark = [pytest.mark.servers, pytest.mark.slow, pytest.mark.only_on("sqlite")]
LIBRARY = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)


@pytest.fixture
def machine(tmp_path):
    """A portal whose host clock is what `set_clock` says, beside the real one."""
    if LIBRARY is None:
        pytest.skip("libfaketime is not installed: apt-get install faketime")
    offset, box = tmp_path / "clock", Mailbox()
    offset.write_text("+0\n")
    faked = {"LD_PRELOAD": str(LIBRARY), "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1"}
    portal = Portal("", "", box.port, 0, **faked, FAKETIME_DONT_FAKE_MONOTONIC="1")
    portal.set_clock = lambda text: offset.write_text(f"{text}\n")
    yield portal, box
    portal.close()
    box.close()


def test_a_clock_set_back_one_hour_loses_no_page_and_repeats_no_reminder(machine):
    portal, box = machine
    portal.shell(PEOPLE)  # minutes of the escalation become seconds
    portal._start("-m", "celery", "--quiet", "-A", "portal.celery", "beat")  # a second beat
    token = portal.manage("create_source", "main", "--default-service", "agent-api").split()[-1]
    portal.shell("from oncall.tasks import *; open_shift_checklists.apply(); hand_over.apply()")
    portal.hook(token, crafted("AgentCompleteOutage", service="agent-worker"))
    eventually(lambda: box.to(portal.email, "AgentCompleteOutage"), 30)

    portal.set_clock("-3600")
    set_back = time.monotonic()
    eventually(lambda: box.to(SECOND, "AgentCompleteOutage"), 60)  # 15 s after the first, not an hour and 15 s

    assert time.monotonic() - set_back < 60
    for _ in range(3):
        portal.shell("from oncall.tasks import *; open_shift_checklists.apply(); hand_over.apply()")
    time.sleep(2)
    subjects = [(mail["To"], mail["Subject"]) for mail in box.mails if "Your shift" in mail["Subject"]]
    assert len(subjects) == len(set(subjects))
    assert connection.vendor == "sqlite"
