"""A person is reached while one of their channels works: a real mail server, a real HTTPS receiver, and what breaks on the way.

The rows are worked by the test itself, with the real channels, timeouts and waits; the other tests here let real workers do it.
"""

from __future__ import annotations

import time

import pytest
from django.utils import timezone

from incidents import lifecycle
from oncall.models import EscalationPolicy, EscalationStep, Membership, Rotation, Service, Team, Turn
from portal import due, outbound
from portal.notify.contact import ContactMethod
from portal.notify.models import Attempt, Message
from tests import servers
from tests.conftest import person
from tests.journeys.running import Mailbox
from tests.receiver import Receiver

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
WITHIN = 60  # seconds, for SEV1


class MoodyMailbox(Mailbox):
    """`refuses`: what it answers to a recipient instead of taking the mail; `knows`: whose mail it takes all the same."""

    refuses, knows = "", ""

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802  (aiosmtpd's name)
        if self.refuses and address != self.knows:
            return self.refuses
        envelope.rcpt_tos.append(address)
        return "250 OK"


@pytest.fixture
def mailbox(settings):
    box = MoodyMailbox()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = servers.LOOPBACK, box.port
    yield box
    box.close()


@pytest.fixture
def receiver(settings, monkeypatch):
    one = Receiver()
    settings.CHANNEL_HOSTS = ["localhost"]
    settings.PAGERDUTY_EVENTS_URL = one.url("/v2/enqueue")
    monkeypatch.setenv("SSL_CERT_FILE", str(one.certificate))
    outbound._trust.cache_clear()
    yield one
    one.close()
    outbound._trust.cache_clear()


@pytest.fixture
def crew(receiver):
    """Ana is primary, reached by chat first and by mail second; Ben is secondary, reached by mail."""
    now = timezone.now()
    team = Team.objects.create(name="Crew", slug="crew", is_default=True)
    for name, lane in (("Ana", "primary"), ("Ben", "secondary")):
        one = person(name)
        Membership.objects.create(team=team, user=one)
        Turn.objects.create(rotation=Rotation.objects.create(team=team, name=lane, lane=lane, begins_on="2020-01-06"), person=one)
    policy = EscalationPolicy.objects.create(team=team, severity=1, rounds=1)
    for minutes, whom in ((0, "primary"), (30, "secondary")):
        EscalationStep.objects.create(policy=policy, after=timezone.timedelta(minutes=minutes), whom=whom)
    ana = team.members.get(name="Ana")
    for position, (kind, address) in enumerate((("slack", receiver.url("/chat")), ("email", "ana@phone.example"))):
        ContactMethod.objects.create(owner=ana, kind=kind, address=address, position=position, created_at=now, verified_at=now, proven_at=now)
    return team


def page(crew) -> None:
    service = Service.objects.create(name="runner", slug="runner", team=crew)
    lifecycle.declare(title="Agents do not answer", severity=1, service=service, summary="", by=person("Dia"), at=timezone.now())


def work_until(reached, seconds=WITHIN) -> float:
    """Works what is due until somebody was reached; seconds taken."""
    began = time.monotonic()
    while not reached():
        assert time.monotonic() - began < seconds, "nobody was reached in time"
        due.run("paging")
        time.sleep(0.1)
    return time.monotonic() - began


def break_chat(receiver, how) -> None:
    if how == "refused":
        receiver.close()
    receiver.mood = {"refused": "well", "gone": 404}.get(how, how)


@pytest.mark.parametrize("how", ["broken", "gone", *(pytest.param(how, marks=pytest.mark.slow) for how in ("refused", "slow", "loses"))])
def test_while_the_mail_works_a_broken_chat_is_passed_within_60_seconds(crew, receiver, mailbox, how, capsys):
    break_chat(receiver, how)
    page(crew)

    took = work_until(lambda: mailbox.to("ana@phone.example"))

    with capsys.disabled():
        print(f"\nchat {how}: reached by mail after {took:.1f} s, {Attempt.objects.count()} attempts")
    assert took < WITHIN
    assert Message.objects.filter(channel="slack", state="exhausted").count() == 1
    assert not mailbox.to("ben@example.org")


@pytest.mark.parametrize("answer", ["550 no such person", "451 later", "421 busy"])
def test_while_the_chat_works_a_refusing_mail_server_is_passed_within_60_seconds(crew, receiver, mailbox, answer):
    ContactMethod.objects.filter(kind="email").update(position=0)
    ContactMethod.objects.filter(kind="slack").update(position=1)
    mailbox.refuses = answer
    page(crew)

    assert work_until(lambda: receiver.taken) < WITHIN
    assert len(receiver.taken) == 1


def test_a_channel_that_loses_one_answer_delivers_at_most_twice(crew, receiver, mailbox):
    receiver.once = ["loses"]
    page(crew)

    work_until(lambda: Message.objects.filter(channel="slack", state="sent").exists())

    assert len(receiver.taken) == 2
    assert len({request["body"] for request in receiver.taken}) == 1  # the same words and the same number: a person sees that two are one
    assert not mailbox.mails


def test_when_every_channel_of_one_person_fails_the_next_person_is_paged_within_60_seconds(crew, receiver, mailbox):
    receiver.mood = 404
    ContactMethod.objects.filter(kind="email").delete()
    mailbox.refuses, mailbox.knows = "550 no such person", "ben@example.org"

    page(crew)

    assert work_until(lambda: mailbox.to("ben@example.org")) < WITHIN
    assert Message.objects.filter(recipient__name="Ana", state="exhausted").count() == 2
