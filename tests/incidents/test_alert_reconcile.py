"""The source is asked: lost ends, missed notices, silences; and what is not believed."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from incidents import lifecycle
from incidents.alerts import asking, reconcile
from incidents.models import Alert, Delivery, Episode, Incident, Source
from incidents.models.incident import Status
from portal import outbound
from portal.models import Due
from portal.notify.models import Message
from portal.outbound import Answer, Unreachable
from tests.incidents.alerting import MINUTE, alert, crafted
from tests.incidents.conftest import at_time, captured

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


class FakeAlertmanager:
    """A fake of its API: what it lists is set by hand. The real one answers in test_pipeline.py."""

    def __init__(self) -> None:
        self.alerts: list[dict] = []
        self.silences: list[dict] = []
        self.up_since = "2026-01-01T00:00:00Z"
        self.down: set[str] = set()
        self.asked: list[str] = []

    def fetch(self, method, url, **limits):
        self.asked.append(url)
        if any(url.startswith(address) for address in self.down):
            raise Unreachable("refused", "am")
        if "/status" in url:
            return Answer(200, {}, json.dumps({"uptime": self.up_since}).encode(), 0.0)
        listed = self.silences if "/silences" in url else self.alerts
        return Answer(200, {}, json.dumps(listed).encode(), 0.0)

    def lists(self, *alerts: dict, state: str = "active", **status) -> None:
        found = {"state": state, "silencedBy": [], "inhibitedBy": []} | status
        self.alerts = [{**each, "status": found} for each in alerts]


@pytest.fixture
def manager(monkeypatch):
    fake = FakeAlertmanager()
    monkeypatch.setattr(outbound, "fetch", fake.fetch)
    return fake


@pytest.fixture
def source(sender):
    sender.source.api_urls = "http://am:9093"
    sender.source.save()
    return sender.source


def ask(source, at) -> None:
    source.refresh_from_db()
    reconcile.compare(source, at)


def test_what_fires_in_both_places_is_confirmed(sender, source, manager, noon):
    sender.deliver(crafted(alert(at=noon)), noon)
    manager.lists(alert(at=noon))

    ask(source, noon + 5 * MINUTE)

    assert Episode.objects.get().confirmed_at == noon + 5 * MINUTE
    assert Source.objects.get().confirmed_at == noon + 5 * MINUTE


def test_absent_once_is_nothing_absent_twice_three_minutes_apart_is_ended(sender, source, manager, noon):
    sender.deliver(crafted(alert(at=noon)), noon)

    seen = []
    for minutes in (5, 7, 8):
        ask(source, noon + minutes * MINUTE)
        seen.append(Episode.objects.get().ended_how)

    incident = Incident.objects.get()
    assert seen == ["", "", "at_source"]
    assert Episode.objects.get().ended_at == noon + 5 * MINUTE
    assert (incident.status, incident.quiet_since) == (Status.TRIAGE, noon + 8 * MINUTE)
    assert Delivery.objects.filter(kind="reconcile").count() == 1


def test_seen_again_between_two_answers_starts_the_count_anew(sender, source, manager, noon):
    sender.deliver(crafted(alert(at=noon)), noon)
    ask(source, noon + 5 * MINUTE)
    manager.lists(alert(at=noon))
    ask(source, noon + 7 * MINUTE)
    manager.lists()

    ask(source, noon + 9 * MINUTE)

    assert Episode.objects.get().missed_at == noon + 9 * MINUTE


def test_the_empty_list_of_a_fresh_alertmanager_ends_nothing(sender, source, manager, noon):
    sender.deliver(crafted(alert(at=noon)), noon)
    manager.up_since = (noon + 4 * MINUTE).isoformat()

    for minutes in (5, 9, 13):
        ask(source, noon + minutes * MINUTE)

    assert Episode.objects.get().ended_at is None


def test_half_an_answer_changes_nothing_but_the_badge(sender, source, manager, noon):
    source.api_urls = "http://am:9093\nhttp://am2:9093"
    source.save()
    sender.deliver(crafted(alert(at=noon)), noon)
    manager.down = {"http://am2"}

    for minutes in (5, 9, 13):
        ask(source, noon + minutes * MINUTE)

    source.refresh_from_db()
    assert (Episode.objects.get().ended_at, Episode.objects.get().missed_at) == (None, None)
    assert (source.confirmed_at, source.trouble) == (None, "am refused the connection.")


def test_an_error_or_something_else_than_a_list_is_no_answer(sender, source, manager, noon, monkeypatch):
    sender.deliver(crafted(alert(at=noon)), noon)
    for status, body in ((200, b"<html>"), (200, b"[" * 100_000), (200, b"{}"), (500, b"[]")):
        monkeypatch.setattr(outbound, "fetch", lambda *a, status=status, body=body, **k: Answer(status, {}, body, 0.0))
        ask(source, noon + 5 * MINUTE)

    assert Episode.objects.get().missed_at is None
    assert "Alertmanager answered" in Source.objects.get().trouble


def test_a_silence_is_shown_with_who_and_until_when_and_the_alert_stays_open(sender, source, manager, noon):
    sender.deliver(crafted(alert(at=noon)), noon)
    manager.silences = [{"id": "s1", "createdBy": "Ben", "endsAt": "2026-03-04T08:00:00Z"}]
    manager.lists(alert(at=noon), state="suppressed", silencedBy=["s1"])

    ask(source, noon + 5 * MINUTE)

    episode = Episode.objects.get()
    assert (episode.at_source, episode.ended_at) == ("silenced by Ben until 04 Mar 08:00 UTC", None)


def test_silenced_then_resolved_is_found_although_no_notice_ever_comes(sender, source, manager, noon):
    test_a_silence_is_shown_with_who_and_until_when_and_the_alert_stays_open(sender, source, manager, noon)
    manager.lists()

    for minutes in (7, 10):
        ask(source, noon + minutes * MINUTE)

    assert Episode.objects.get().ended_how == "at_source"


def test_inhibited_names_the_other_alert(sender, source, manager, noon):
    outage = alert("AgentCompleteOutage", at=noon)
    sender.deliver(crafted(alert(at=noon)), noon)
    manager.alerts = [
        {**alert(at=noon), "status": {"state": "suppressed", "silencedBy": [], "inhibitedBy": [outage["fingerprint"]]}},
        {**outage, "status": {"state": "active", "silencedBy": [], "inhibitedBy": []}},
    ]

    ask(source, noon + MINUTE)

    assert Episode.objects.get(alert__name="QueueDepthGrowing").at_source == "inhibited by AgentCompleteOutage"


def test_a_missed_webhook_is_worked_off_and_pages(source, manager, noon):
    manager.lists(alert(at=noon))

    ask(source, noon + MINUTE)
    early = Incident.objects.count()
    ask(source, noon + 3 * MINUTE)

    assert (early, Incident.objects.count()) == (0, 1)
    assert Message.objects.filter(purpose="page").count() == 1
    assert Delivery.objects.get().kind == "reconcile"


def test_silenced_and_unknown_here_and_a_watchdog_are_not_missed(source, manager, noon):
    manager.lists(alert("Watchdog", at=noon, severity="none"))
    ask(source, noon + 5 * MINUTE)
    manager.lists(alert(at=noon), state="suppressed", silencedBy=["s1"])
    ask(source, noon + 5 * MINUTE)

    assert not Alert.objects.exists()


def test_its_listing_is_told_once_however_often_it_is_asked(source, manager, noon):
    manager.lists(alert(at=noon))

    for minutes in (3, 5, 7):
        ask(source, noon + minutes * MINUTE)

    assert (Delivery.objects.count(), Incident.objects.count()) == (1, 1)


def test_the_row_comes_back_every_two_minutes(source, manager, noon, monkeypatch):
    asking.schedule(noon)

    at_time(noon + timedelta(seconds=5), monkeypatch)

    assert Due.objects.get(kind=asking.RECONCILE).due_at == noon + timedelta(seconds=5) + 2 * MINUTE


def test_a_truncated_group_asks_within_five_seconds(sender, source, noon):
    sender.deliver(crafted(alert(at=noon), truncatedAlerts=2), noon)

    assert Due.objects.get(kind=asking.RECONCILE).due_at == noon + timedelta(seconds=5)


def test_a_source_without_an_address_is_not_asked(sender, noon):
    sender.deliver(crafted(alert(at=noon), truncatedAlerts=2), noon)

    assert not Due.objects.filter(kind=asking.RECONCILE).exists()


# What is not believed


def test_many_ends_at_once_are_recorded_and_nothing_counts_as_quiet_until_the_source_confirms(sender, source, manager, noon):
    told = [alert(f"Name{n}", at=noon) for n in range(5)]
    sender.deliver(crafted(*told), noon)
    sender.deliver(crafted(*(alert(f"Name{n}", at=noon, ended=noon + MINUTE) for n in range(5))), noon + MINUTE)
    source.refresh_from_db()
    held = list(Incident.objects.values_list("quiet_since", flat=True))
    doubted = source.doubted_since

    ask(source, noon + 2 * MINUTE)

    assert (held, doubted) == ([None] * 5, noon + MINUTE)
    assert set(Incident.objects.values_list("quiet_since", flat=True)) == {noon + MINUTE}
    assert not Episode.objects.filter(ended_at=None).exists()


def test_four_of_six_are_believed(sender, source, noon):
    sender.deliver(crafted(*(alert(f"Name{n}", at=noon) for n in range(6))), noon)
    sender.deliver(crafted(*(alert(f"Name{n}", at=noon, ended=noon + MINUTE) for n in range(4))), noon + MINUTE)

    assert Incident.objects.exclude(quiet_since=None).count() == 4


def test_ends_of_incidents_that_people_work_on_are_believed(sender, source, noon, ana):
    sender.deliver(crafted(*(alert(f"Name{n}", at=noon) for n in range(6))), noon)
    for incident in Incident.objects.all():
        lifecycle.acknowledge(incident.pk, by=ana, at=noon)
    sender.deliver(crafted(*(alert(f"Name{n}", at=noon, ended=noon + MINUTE) for n in range(6))), noon + MINUTE)

    assert Incident.objects.exclude(quiet_since=None).count() == 6


def test_a_hung_prometheus_ends_nothing_and_pages_once(sender, noon):
    sender.replay(captured("21-watchdog-startsAt-moved") | {"received_at": "2026-11-23T09:00:00Z"})
    sender.replay(captured("10-after-am-sigkill-restart-full"))
    sent = Message.objects.filter(purpose="page").count()

    sender.replay(captured("12-false-resolved-prometheus-hung"), captured("13-watchdog-resolved-prometheus-hung"))
    while_hung = Incident.objects.get().quiet_since
    sender.replay(captured("14-refire-same-startsAt"))

    assert while_hung is None
    assert (Incident.objects.count(), Message.objects.filter(purpose="page").count()) == (1, sent)


# The heartbeat


def watchdog(at, ended=None) -> dict:
    return crafted(alert("Watchdog", at=at, ended=ended, severity="none"))


def test_a_watchdog_silent_for_five_minutes_is_a_sev1(sender, noon, monkeypatch):
    sender.deliver(crafted(alert(at=noon, severity="info")), noon)
    sender.deliver(watchdog(noon), noon)

    at_time(noon + 5 * MINUTE - timedelta(seconds=1), monkeypatch)
    early = Incident.objects.filter(title__contains="silent").count()
    at_time(noon + 5 * MINUTE, monkeypatch)

    incident = Incident.objects.get(title="Source “main” is silent")
    assert (early, incident.severity, incident.status) == (0, 1, Status.TRIAGE)
    assert "QueueDepthGrowing" in incident.summary
    assert Message.objects.filter(about=incident.subject, purpose="page").exists()


def test_every_watchdog_moves_the_moment_at_which_its_silence_counts(sender, noon, monkeypatch):
    for minutes in range(4):
        sender.deliver(watchdog(noon), noon + minutes * MINUTE)

    assert Due.objects.get(kind="alerts.heartbeat").due_at == noon + 8 * MINUTE


def test_when_the_watchdog_returns_the_incident_is_quiet_and_people_resolve_it(sender, noon, monkeypatch):
    sender.deliver(watchdog(noon), noon)
    at_time(noon + 5 * MINUTE, monkeypatch)

    sender.deliver(watchdog(noon), noon + 9 * MINUTE)

    incident = Incident.objects.get()
    assert (incident.quiet_since, incident.status) == (noon + 9 * MINUTE, Status.TRIAGE)


def test_a_source_that_never_sent_a_watchdog_is_not_missed(sender, noon, monkeypatch):
    sender.deliver(crafted(alert(at=noon, severity="info")), noon)

    at_time(noon + HOUR, monkeypatch)

    assert not Incident.objects.filter(title__contains="silent").exists()


# Pages that are held


def resolved(sender, noon, ana) -> Incident:
    sender.deliver(crafted(alert(at=noon)), noon)
    incident = Incident.objects.get()
    lifecycle.resolve(incident.pk, by=ana, at=noon + MINUTE)
    return incident


def pages() -> int:
    return Message.objects.filter(purpose="page").count()


@pytest.mark.parametrize(("external_url", "at_once"), [("http://am:9093", 1), ("http://other:9093", 0)])
def test_a_firing_from_a_lagging_peer_waits_for_the_source(sender, source, manager, noon, ana, monkeypatch, external_url, at_once):
    resolved(sender, noon, ana)
    sender.deliver(crafted(alert(at=noon, ended=noon + 2 * MINUTE)), noon + 2 * MINUTE)
    sent = pages()

    late = noon + 2 * MINUTE + timedelta(seconds=20)
    sender.deliver(crafted(alert(at=noon), externalURL=external_url), late)
    now_sent = pages() - sent
    at_time(late + timedelta(seconds=45), monkeypatch)

    assert (now_sent, pages() - sent) == (at_once, at_once)
    assert bool(manager.asked) is not bool(at_once)


def test_a_held_page_goes_out_when_the_source_does_not_answer(sender, source, manager, noon, ana, monkeypatch):
    manager.down = {"http://am"}
    resolved(sender, noon, ana)
    sender.deliver(crafted(alert(at=noon, ended=noon + 2 * MINUTE)), noon + 2 * MINUTE)
    sent = pages()
    late = noon + 2 * MINUTE + timedelta(seconds=20)

    sender.deliver(crafted(alert(at=noon), externalURL="http://other:9093"), late)
    at_time(late + timedelta(seconds=45), monkeypatch)

    assert pages() - sent == 1


def flap(sender, noon, times: int):
    """Fires and ends every three minutes; the last time it fires."""
    for number in range(times):
        at = noon + number * 6 * MINUTE
        sender.deliver(crafted(alert(at=at)), at)
        if number < times - 1:
            sender.deliver(crafted(alert(at=at, ended=at + 3 * MINUTE)), at + 3 * MINUTE)
    return noon + (times - 1) * 6 * MINUTE


def test_four_reopenings_in_half_an_hour_are_flapping_and_page_no_further(sender, noon, ana):
    last = flap(sender, noon, 5)
    lifecycle.resolve(Incident.objects.get().pk, by=ana, at=last + MINUTE)
    sender.deliver(crafted(alert(at=last, ended=last + 2 * MINUTE)), last + 2 * MINUTE)
    sent = pages()

    sender.deliver(crafted(alert(at=last + 3 * MINUTE)), last + 3 * MINUTE)

    assert Alert.objects.get().flapping_since is not None
    assert (Incident.objects.get().status, pages()) == (Status.TRIAGE, sent)


def test_one_that_holds_its_firing_for_ten_minutes_is_paged_after_all(sender, noon, ana, monkeypatch):
    test_four_reopenings_in_half_an_hour_are_flapping_and_page_no_further(sender, noon, ana)
    sent = pages()

    at_time(noon + 24 * MINUTE + 13 * MINUTE, monkeypatch)

    assert pages() == sent + 1


def test_three_reopenings_are_not_flapping(sender, noon):
    flap(sender, noon, 4)

    assert Alert.objects.get().flapping_since is None
