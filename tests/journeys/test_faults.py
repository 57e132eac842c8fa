"""What breaks in the middle: a worker killed between claim and send, a Redis that freezes."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time

import pytest
from django.db import connection

from tests import servers
from tests.journeys.running import Mailbox, eventually
from tests.journeys.test_walk import crafted

pytestmark = [pytest.mark.servers, pytest.mark.slow]


@pytest.fixture(scope="module")
def source(portal):
    return portal.manage("create_source", "main", "--default-service", "agent-api").split()[-1]


class Silent:
    """A mail server that takes the call and says nothing: whoever sends to it hangs between claim and result."""

    def __init__(self, port: int) -> None:
        self.listener = socket.create_server((servers.LOOPBACK, port))
        self.called = threading.Event()
        self.held: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                self.held.append(self.listener.accept()[0])
            except OSError:
                return
            self.called.set()

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for one in self.held:
            one.close()


def test_a_page_arrives_after_the_lease_of_a_worker_killed_between_claim_and_send(portal, mailbox, source):
    mailbox.close()
    silent = Silent(mailbox.port)
    portal.hook(source, crafted("AgentHighErrorRate"))
    assert silent.called.wait(15), "no worker tried to send"

    for pid in portal.workers():
        os.kill(pid, signal.SIGKILL)
    killed = time.monotonic()
    silent.close()
    reborn = Mailbox(mailbox.port)
    if connection.vendor == "postgresql":
        portal.start_worker()
    try:
        eventually(lambda: reborn.to(portal.email, "AgentHighErrorRate"), 40)
    finally:
        mailbox.mails, mailbox.controller = reborn.mails, reborn.controller

    assert time.monotonic() - killed < 12 + 20  # the lease, and a worker's start
    pages = "Attempt.objects.filter(message__purpose='page')"
    outcomes = portal.shell(f"from portal.notify.models import Attempt; print([a.outcome for a in {pages}][:2])")
    assert outcomes == "['unknown', 'sent']"


@pytest.mark.only_on("postgresql")
def test_a_frozen_redis_delays_neither_the_hook_nor_the_mail(portal, mailbox, source, broker, capsys):
    def hooked(name: str) -> float:
        """Seconds that the request takes."""
        began = time.monotonic()
        assert portal.hook(source, crafted(name, service="database")).status_code == 200
        return time.monotonic() - began

    usual = min(hooked(f"BeforeTheFrost{n}") for n in range(3))

    broker.process.send_signal(signal.SIGSTOP)
    try:
        frozen = hooked("DatabaseConnectionsNearLimit")
        answered = time.monotonic()
        eventually(lambda: mailbox.to(portal.email, "DatabaseConnectionsNearLimit"), 10)
    finally:
        broker.process.send_signal(signal.SIGCONT)

    with capsys.disabled():
        print(f"\nhook {usual:.2f} s, with a frozen Redis {frozen:.2f} s, the mail {time.monotonic() - answered:.1f} s later")
    assert frozen - usual < 1
