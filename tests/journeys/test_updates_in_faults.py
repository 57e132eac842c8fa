"""An update while its worker is killed, while Redis is frozen, and while the mail server refuses: two copies at the most, or said to have failed."""

from __future__ import annotations

import re
import signal

import pytest

from tests.journeys.running import Mailbox, eventually
from tests.journeys.test_faults import Silent
from tests.journeys.test_walk import crafted

pytestmark = [pytest.mark.servers, pytest.mark.slow]
LIST = """
from incidents.models import Incident, StakeholderList
print(StakeholderList.objects.create(name="Support", addresses="desk@example.org").pk)
"""
STATES = "from incidents.models import Copy; print([(c.state, c.reason) for c in Copy.objects.filter(update_of__incident={})])"


@pytest.fixture(scope="module")
def stakeholders(portal):
    return int(portal.shell(LIST))


@pytest.fixture(scope="module")
def source(portal):
    return portal.manage("create_source", "main", "--default-service", "agent-api").split()[-1]


@pytest.fixture
def tell(portal, source, stakeholders):
    """tell(alert, words) → (client, incident): the incident of that alert, with one update sent to the list."""

    def told(name, words):
        portal.hook(source, crafted(name))
        pk = int(portal.shell(f"from incidents.models import Incident; print(Incident.objects.get(title__contains='{name}').pk)"))
        client = portal.signed_in()
        answer = client.post(
            f"/incidents/{pk}/updates/",
            data={
                "kind": "initial",
                "internal": words,
                "wait": "30",
                "lists": str(stakeholders),
                "key": f"key-of-{name}",
                "csrfmiddlewaretoken": client.cookies["csrftoken"],
            },
            headers={"Referer": portal.url},
        )
        assert answer.status_code == 200, answer.text[:1000]
        return client, pk

    return told


def test_a_killed_worker_makes_two_copies_at_the_most_with_the_same_id(portal, mailbox, tell):
    mailbox.close()
    silent = Silent(mailbox.port)
    _, pk = tell("AgentHighErrorRate", "We are looking.")
    assert silent.called.wait(15), "no worker tried to send"

    portal.kill_workers()
    silent.close()
    reborn = Mailbox(mailbox.port)
    mailbox.mails, mailbox.controller = reborn.mails, reborn.controller

    copies = eventually(lambda: mailbox.to("desk@example.org", "AgentHighErrorRate"), 60)
    eventually(lambda: portal.shell(STATES.format(pk)).count("sent") == 1, 20)
    assert len(copies) <= 2
    assert {copy["X-Standby-Update"] for copy in copies} == {f"update {pk}.1"}


@pytest.mark.only_on("postgresql")
def test_a_frozen_redis_holds_no_update_back(portal, mailbox, broker, tell):
    broker.process.send_signal(signal.SIGSTOP)
    try:
        _, pk = tell("AgentHighLatency", "Answers are slow.")
        copies = eventually(lambda: mailbox.to("desk@example.org", "AgentHighLatency"), 20)
    finally:
        broker.process.send_signal(signal.SIGCONT)

    assert len(copies) == 1


def test_a_copy_that_is_refused_says_why_and_goes_out_when_it_is_sent_again(portal, mailbox, tell):
    async def refuse(server, session, envelope, address, options):
        return "550 no such desk here"

    mailbox.controller.handler.handle_RCPT = refuse
    client, pk = tell("AgentQueueDepthHigh", "The queue grows.")
    eventually(lambda: "failed" in portal.shell(STATES.format(pk)), 60)
    page = client.get(f"/incidents/{pk}/").text
    [way] = re.findall(rf"/incidents/{pk}/copies/\d+/retry/", page)
    assert "550" in page

    del mailbox.controller.handler.handle_RCPT
    portal.post(client, way)

    eventually(lambda: mailbox.to("desk@example.org", "AgentQueueDepthHigh"), 20)
    eventually(lambda: "failed" not in portal.shell(STATES.format(pk)), 20)
