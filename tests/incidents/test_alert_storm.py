"""Too many alerts at once: one storm incident, few pages, a page that stays quick."""

from __future__ import annotations

import json
import time

import pytest
from django.test import Client

from incidents.alerts import storms
from incidents.models import Alert, Incident
from oncall.models import Service
from portal import due
from portal.notify.models import Message
from tests.incidents.alerting import MINUTE, alert, crafted

pytestmark = pytest.mark.django_db


def work(monkeypatch, at) -> None:
    """All that is due at that moment, with what it brings about."""
    monkeypatch.setattr("portal.clock.now", lambda: at)
    for pool in ("ingest", "paging"):
        due.run(pool)


def handed_over() -> list[Message]:
    return list(Message.objects.filter(state="sent").order_by("pk"))


def send_keys(sender, at, count: int, severity: str = "warning", begin: int = 0) -> None:
    for number in range(begin, begin + count):
        sender.deliver(crafted(alert(f"Key{number}", at=at, severity=severity)), at)


def test_twenty_incidents_in_five_minutes_are_one_storm_with_the_rest_attached(sender, noon, monkeypatch):
    send_keys(sender, noon, 25)
    work(monkeypatch, noon)

    storm = Incident.objects.get(is_storm=True)
    assert storm.title == "Storm: 25 incidents of 1 service: runner"
    assert Incident.objects.filter(storm=storm).count() == 25
    assert Message.objects.filter(about=storm.subject, purpose="page").exists()


def test_nineteen_are_no_storm(sender, noon, monkeypatch):
    send_keys(sender, noon, 19)
    work(monkeypatch, noon)

    assert not Incident.objects.filter(is_storm=True).exists()


def test_nineteen_and_one_five_minutes_later_are_no_storm(sender, noon, monkeypatch):
    send_keys(sender, noon, 19)
    send_keys(sender, noon + 5 * MINUTE, 1, begin=19)
    work(monkeypatch, noon + 5 * MINUTE)

    assert not Incident.objects.filter(is_storm=True).exists()


def test_what_opens_during_a_storm_is_attached_and_pages_nobody_singly(sender, noon, monkeypatch):
    send_keys(sender, noon, 20)
    work(monkeypatch, noon)
    pages = Message.objects.filter(purpose="page").count()

    send_keys(sender, noon + 3 * MINUTE, 5, begin=20)
    work(monkeypatch, noon + 3 * MINUTE)

    assert Incident.objects.filter(storm__isnull=False).count() == 25
    assert Message.objects.filter(purpose="page").count() == pages
    assert Incident.objects.get(is_storm=True).title.startswith("Storm: 25")


def test_the_first_critical_of_a_service_still_pages_alone(sender, noon, crew, monkeypatch):
    chat = Service.objects.create(name="chat", slug="chat", team=crew)
    send_keys(sender, noon, 20)
    work(monkeypatch, noon)

    for name in ("Down", "AlsoDown"):
        sender.deliver(crafted(alert(name, at=noon, service="chat", severity="critical")), noon + MINUTE)
    work(monkeypatch, noon + MINUTE)

    first, second = Incident.objects.filter(service=chat).order_by("pk")
    assert Message.objects.get(about=first.subject, purpose="page").state == "sent"
    assert not Message.objects.filter(about=second.subject, purpose="page").exists()


def test_after_ten_calm_minutes_an_incident_pages_as_usual(sender, noon, monkeypatch):
    send_keys(sender, noon, 20)
    work(monkeypatch, noon)
    later = noon + storms.CALM + 6 * MINUTE

    send_keys(sender, later, 1, begin=20)

    newest = Incident.objects.order_by("-pk")[0]
    assert (newest.storm, Message.objects.filter(about=newest.subject, purpose="page").count()) == (None, 1)


def test_parts_of_a_storm_no_longer_escalate_by_themselves(sender, noon, monkeypatch):
    send_keys(sender, noon, 20)
    work(monkeypatch, noon)
    storm = Incident.objects.get(is_storm=True)

    from portal.models import Due

    assert list(Due.objects.filter(kind="incidents.escalate").values_list("key", flat=True)) == [str(storm.pk)]


SERVICES = ("one", "two", "three", "four", "five")


@pytest.mark.slow
def test_ten_thousand_alerts_make_one_storm_and_seven_pages_at_most(sender, noon, crew, ana, admin_user, monkeypatch):
    """500 keys of five services, every tenth key critical, 20 instances each, one person on call."""
    for name in SERVICES:
        Service.objects.create(name=name, slug=name, team=crew)
    keys = [(f"Key{number}", SERVICES[number % 5], "critical" if number % 10 == 7 or number in (5, 6, 8, 9) else "warning") for number in range(500)]
    told = [alert(name, at=noon, service=service, severity=severity, instance=str(n)) for n in range(20) for name, service, severity in keys]

    for number, start in enumerate(range(0, len(told), 100)):
        at = noon + number * (MINUTE / 60)
        monkeypatch.setattr("portal.clock.now", lambda at=at: at)
        assert sender.post(json.dumps(crafted(*told[start : start + 100])).encode()).status_code == 200
        work(monkeypatch, at)
    work(monkeypatch, noon + 4 * MINUTE)

    assert Alert.objects.count() == 10_000
    assert Incident.objects.filter(is_storm=True).count() == 1
    assert Incident.objects.filter(storm__isnull=False).count() == 500
    sent = handed_over()
    firsts = [message for message in sent if message.purpose == "page"]
    bundles = [message for message in sent if message.purpose == "bundle"]
    assert {message.recipient_id for message in sent} == {ana.pk}
    assert len(bundles) == 1
    subjects = {message.about for message in firsts}
    critical = {f"incident:{pk}" for pk in _first_criticals()}
    assert critical <= subjects
    assert len(subjects - critical) <= 1  # the first page of all, if it was no SEV1
    assert not Message.objects.filter(purpose="notice").exists()
    assert not Message.objects.filter(state="pending").exists()
    client = Client()
    client.force_login(admin_user)
    client.get("/alerts/?show=inbox")
    began = time.perf_counter()
    assert client.get("/alerts/?show=inbox").status_code == 200
    assert client.get("/alerts/").status_code == 200
    assert (time.perf_counter() - began) / 2 < 0.3


def _first_criticals() -> list[int]:
    found: dict[int, int] = {}
    for pk, service in Incident.objects.filter(severity=1, is_storm=False).order_by("pk").values_list("pk", "service"):
        found.setdefault(service, pk)
    return list(found.values())
