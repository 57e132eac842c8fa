"""From alerts to incidents: what the captured and crafted stories must leave behind."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from incidents import lifecycle, timeline
from incidents.alerts import correlation
from incidents.models import Alert, Delivery, Episode, Incident, SeverityRule, Source
from incidents.models.incident import Status
from oncall.models import Service
from portal.notify.models import Message
from tests.incidents.alerting import MINUTE, alert, crafted, incidents, story, work_off
from tests.incidents.conftest import all_captures, captured

pytestmark = pytest.mark.django_db

STORY = [capture for capture in all_captures() if capture["_name"][:2] <= "21"]
NO_WATCHDOG = {"13-watchdog-resolved-prometheus-hung", "21-watchdog-startsAt-moved"}


def pages() -> int:
    return Message.objects.filter(purpose="page").count()


def endings(capture: dict) -> set[str]:
    return {found["fingerprint"] for found in capture["body"]["alerts"] if found["status"] == "resolved"}


def open_alerts() -> set[str]:
    return set(Episode.objects.filter(ended_at=None).values_list("alert__fingerprint", flat=True))


def test_the_first_firing_opens_an_incident_pages_and_names_the_runbook(sender, noon):
    sender.deliver(crafted(alert(at=noon - 5 * MINUTE)), noon)

    incident = Incident.objects.get()
    assert (incident.title, incident.summary, incident.severity) == ("QueueDepthGrowing is bad", "Jobs wait.", 1)
    assert (incident.status, incident.service.slug, incident.opened_at) == (Status.TRIAGE, "runner", noon)
    assert incident.milestones.get(name="impact_started").at == noon - 5 * MINUTE
    assert "/r/QueueDepthGrowing" in Message.objects.get(purpose="page").body
    assert [entry.text for entry in timeline.story(incident).filter(kind="alert")] == ["Firing: QueueDepthGrowing is bad"]


def test_the_captured_story_makes_one_incident_and_none_for_the_watchdog(sender):
    sender.replay(*STORY)

    [incident] = Incident.objects.all()
    assert Episode.objects.filter(alert__name="Watchdog", incident=None).exists()
    assert not Episode.objects.exclude(alert__name="Watchdog").filter(was_firing=True, incident=None).exists()
    assert incident.quiet_since is None  # file 20: its end was never sent


def test_six_keys_make_six_incidents_however_often_they_are_sent(sender, noon):
    bodies = [crafted(*(alert(f"Key{number}", at=noon, instance=str(n)) for n in range(3))) for number in range(6)]

    for round_ in range(2):
        sender.replay(*STORY)
        for body in bodies:
            sender.deliver(body, noon + round_ * MINUTE)

    assert Incident.objects.exclude(correlation_key="").count() == 7
    assert Incident.objects.filter(takes_alerts=True).values("correlation_key").distinct().count() == 7


def test_one_resolved_in_a_firing_group_ends_only_itself(sender):
    sender.replay(captured("03-firing-group-three"))
    before = open_alerts()

    sender.replay(captured("04-one-resolved-in-firing-group"))

    assert before - open_alerts() == endings(captured("04-one-resolved-in-firing-group"))
    assert len(open_alerts()) == 2


def test_an_old_resolved_riding_along_changes_nothing(sender):
    sender.replay(captured("03-firing-group-three"), captured("04-one-resolved-in-firing-group"))
    before = story()

    sender.replay(captured("05-repeat-interval"))

    assert story() == before


def test_a_flap_reopens_and_pages_once(sender):
    sender.replay(captured("03-firing-group-three"), captured("06-flap-resolved"))
    sent = pages()

    sender.replay(captured("07-flap-refired-new-startsAt"))

    assert Episode.objects.filter(reopenings=1, ended_at=None).count() == 1
    assert (pages(), Incident.objects.count()) == (sent, 1)


def test_the_same_alert_by_two_routes_is_one(sender):
    sender.replay(captured("02-firing-single-second-receiver"), captured("01-firing-single"))

    assert (Alert.objects.count(), Episode.objects.count(), Incident.objects.count()) == (1, 1, 1)


def test_a_partial_payload_resolves_nothing(sender):
    sender.replay(captured("08-after-am-sigterm-restart"))
    before = open_alerts()

    sender.replay(captured("09-after-am-sigkill-restart-partial"), captured("10-after-am-sigkill-restart-full"))

    assert open_alerts() == before


def test_starts_at_moved_is_a_correction(sender):
    sender.replay(captured("13-watchdog-resolved-prometheus-hung"))
    started = Episode.objects.get().started_at

    sender.replay(captured("21-watchdog-startsAt-moved"))

    source = Source.objects.get()
    assert Episode.objects.filter(started_at=started).exists()
    assert source.last_heartbeat_at is not None
    assert source.stale_since is None


def test_a_watchdog_that_ends_marks_its_source_stale_and_opens_nothing(sender):
    sender.replay(captured("13-watchdog-resolved-prometheus-hung"))

    assert Source.objects.get().stale_since is not None
    assert not Incident.objects.exists()


def test_prometheus_hung_then_back_is_one_incident_and_one_page(sender):
    sender.replay(captured("10-after-am-sigkill-restart-full"))
    sent = pages()

    sender.replay(captured("12-false-resolved-prometheus-hung"), captured("14-refire-same-startsAt"))

    assert (Incident.objects.count(), pages()) == (1, sent)
    assert Incident.objects.get().quiet_since is None


def test_resolved_refused_then_accepted_applies_once(sender):
    sender.replay(captured("14-refire-same-startsAt"), captured("16-all-resolved-accepted"))
    before = story()

    sender.replay(captured("15-all-resolved-answered-500"))

    assert {alert: [told[:2] for told in rows] for alert, rows in story().items()} == {
        alert: [told[:2] for told in rows] for alert, rows in before.items()
    }


def test_strangers_in_one_millisecond_make_one_incident(sender):
    sender.replay(captured("31-ha-unclustered-b"), captured("30-ha-unclustered-a"))

    assert (Alert.objects.count(), Episode.objects.count(), Incident.objects.count()) == (1, 1, 1)


def test_truncated_never_resolves_by_absence(sender):
    sender.replay(captured("38-max-alerts-truncated"), captured("53-am0331-max-alerts"))

    assert Delivery.objects.filter(truncated=2).count() == 2
    assert not Episode.objects.exclude(ended_at=None).exists()


def test_delivered_after_a_muted_hour_keeps_its_start(sender):
    sender.replay(captured("41-time-interval-delivered-late"))

    assert Episode.objects.get().started_at.isoformat().startswith("2026-11-23T13:12:25")


def test_what_was_never_seen_firing_is_an_ended_episode_without_incident_or_page(sender, noon):
    sender.deliver(crafted(alert(at=noon - 5 * MINUTE, ended=noon - MINUTE)), noon)

    assert Episode.objects.get().ended_at == noon - MINUTE
    assert (Incident.objects.count(), pages()) == (0, 0)


def test_two_alerts_of_one_service_and_name_join_one_incident(sender, noon):
    sender.deliver(crafted(alert(at=noon, instance="1")), noon)
    sender.deliver(crafted(alert(at=noon, instance="2")), noon + MINUTE)

    assert (Incident.objects.count(), Episode.objects.filter(incident__isnull=False).count()) == (1, 2)


def test_nothing_resolves_itself_but_the_incident_is_quiet_when_the_last_has_ended(sender, noon):
    first, second = (dict(at=noon, instance=n) for n in "12")
    sender.deliver(crafted(alert(**first), alert(**second)), noon)
    sender.deliver(crafted(alert(ended=noon + MINUTE, **first)), noon + 2 * MINUTE)
    one_left = Incident.objects.get().quiet_since

    sender.deliver(crafted(alert(ended=noon + 3 * MINUTE, **second)), noon + 4 * MINUTE)

    incident = Incident.objects.get()
    assert one_left is None
    assert (incident.quiet_since, incident.status) == (noon + 4 * MINUTE, Status.TRIAGE)


def test_a_new_firing_clears_the_quiet(sender, noon):
    sender.deliver(crafted(alert(at=noon)), noon)
    sender.deliver(crafted(alert(at=noon, ended=noon + MINUTE)), noon + MINUTE)

    sender.deliver(crafted(alert(at=noon + 3 * MINUTE)), noon + 4 * MINUTE)

    assert Incident.objects.get().quiet_since is None


@pytest.fixture
def resolved_at_noon(sender, noon, ana):
    sender.deliver(crafted(alert(at=noon - 20 * MINUTE)), noon - 20 * MINUTE)
    sender.deliver(crafted(alert(at=noon - 20 * MINUTE, ended=noon - 10 * MINUTE)), noon - 10 * MINUTE)
    incident = Incident.objects.get()
    lifecycle.resolve(incident.pk, by=ana, at=noon)
    return incident


@pytest.mark.parametrize(("minutes", "count"), [(29, 1), (30, 2), (31, 2)])
def test_an_alert_back_within_thirty_minutes_reopens_later_it_opens_another(sender, noon, resolved_at_noon, minutes, count):
    at = noon + minutes * MINUTE

    sender.deliver(crafted(alert(at=at)), at)

    newest = Incident.objects.order_by("-pk")[0]
    assert Incident.objects.count() == count
    assert (newest.status, newest.takes_alerts, newest.acknowledged_at) == (Status.TRIAGE, True, None)
    assert newest.happened_before == (resolved_at_noon if count == 2 else None)


def test_a_reopened_incident_is_paged_like_a_new_one(sender, noon, resolved_at_noon):
    sent = pages()

    sender.deliver(crafted(alert(at=noon + MINUTE)), noon + MINUTE)

    assert pages() == sent + 1


def test_a_cancelled_incident_hands_nothing_on_to_a_false_alarm(sender, noon, ana):
    sender.deliver(crafted(alert(at=noon)), noon)
    first = Incident.objects.get()
    lifecycle.cancel(first.pk, by=ana, at=noon + MINUTE, reason="A test of the alarm")

    sender.deliver(crafted(alert(at=noon, instance="2")), noon + 2 * MINUTE)

    assert Incident.objects.exclude(pk=first.pk).get().status == Status.TRIAGE


def test_a_worse_alert_raises_the_severity_and_a_milder_one_does_not_lower_it(sender, noon):
    sender.deliver(crafted(alert(at=noon, severity="warning", instance="1")), noon)

    seen = []
    for severity in ("critical", "info"):
        sender.deliver(crafted(alert(at=noon, severity=severity, instance=severity)), noon + MINUTE)
        seen.append(Incident.objects.get().severity)

    assert seen == [1, 1]


def test_a_persons_choice_stands_above_alerts_of_the_same_rank(sender, noon, ana):
    sender.deliver(crafted(alert(at=noon, severity="warning", instance="1")), noon)
    incident = Incident.objects.get()
    lifecycle.set_severity(incident.pk, 3, by=ana, at=noon, reason="Customers see nothing of it")

    sender.deliver(crafted(alert(at=noon, severity="info", instance="2")), noon + MINUTE)

    assert Incident.objects.get().severity == 3


@pytest.mark.parametrize(
    ("label", "severity", "unmapped"),
    [
        ("critical", 1, ""),
        (" Critical ", 1, ""),
        ("PAGE", 1, ""),
        ("warning", 2, ""),
        ("high", 2, ""),
        ("info", 3, ""),
        ("p3", 3, ""),
        ("blocker", 3, "blocker"),
        (None, 3, "missing"),
    ],
)
def test_the_severity_table(sender, noon, label, severity, unmapped):
    sender.deliver(crafted(alert(at=noon, severity=label)), noon)

    incident = Incident.objects.get()
    assert (incident.severity, incident.unmapped_severity) == (severity, unmapped)


def test_rules_of_ones_own_stand_before_the_shipped_ones(sender, noon):
    SeverityRule.objects.create(label="blocker", severity=1)

    sender.deliver(crafted(alert(at=noon, severity="blocker")), noon)

    assert (Incident.objects.get().severity, Incident.objects.get().unmapped_severity) == (1, "")


def test_severity_none_is_a_heartbeat(sender, noon):
    sender.deliver(crafted(alert("Deadman", at=noon, severity="none")), noon)

    assert Source.objects.get().last_heartbeat_at == noon
    assert not Incident.objects.exists()


def test_the_service_is_found_by_slug_or_name_else_it_is_the_sources(sender, noon, crew):
    Service.objects.create(name="Chat API", slug="chat-api", team=crew)

    for number, service in enumerate(["chat-api", "Chat API", "nowhere", ""]):
        sender.deliver(crafted(alert(f"Alert{number}", at=noon, service=service)), noon)

    found = Incident.objects.order_by("pk").values_list("service__slug", flat=True)
    assert list(found) == ["chat-api", "chat-api", "runner", "runner"]


def test_a_service_by_name_and_by_slug_has_one_key(runner):
    keys = {correlation.key_of({"alertname": "A", **labels}, runner) for labels in ({}, {"service": "runner"})}

    assert len(keys) == 1
    assert correlation.key_of({"alertname": "A", "service": "other"}, runner) not in keys


def test_the_newest_text_is_taken_at_every_receipt(sender, noon):
    sender.deliver(crafted(alert(at=noon)), noon)

    sender.deliver(crafted(alert(at=noon) | {"annotations": {"summary": "Now 4,812"}}), noon + MINUTE)

    assert Alert.objects.get().annotations == {"summary": "Now 4,812"}


def test_a_large_body_is_worked_off_in_batches(sender, noon, django_assert_max_num_queries):
    body = crafted(*(alert(f"Name{n % 3}", at=noon, instance=str(n)) for n in range(450)))
    delivery = sender.store(json.dumps(body).encode(), noon)

    with django_assert_max_num_queries(420):
        work_off(delivery)

    assert (Alert.objects.count(), Incident.objects.count(), Delivery.objects.get().state) == (450, 3, "applied")


def queries_of(sender, body, at) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    delivery = sender.store(json.dumps(body).encode(), at)
    with CaptureQueriesContext(connection) as captured_queries:
        work_off(delivery)
    return len(captured_queries)


def test_a_hundred_alerts_cost_as_many_queries_as_one(sender, noon):
    counts = {}
    for number in (1, 100):
        begin = crafted(*(alert(f"Of{number}", at=noon, instance=str(n)) for n in range(number)))
        counts[number] = [queries_of(sender, begin, noon + n * timedelta(seconds=30)) for n in range(2)]

    (begun, repeated), (hundred_begun, hundred_repeated) = counts[1], counts[100]
    assert repeated == hundred_repeated <= 14
    assert abs(hundred_begun - begun) <= 15  # SQLite takes a hundred rows in several statements, and the second page joins a bundle


def test_applying_again_does_nothing(sender, noon):
    delivery = sender.deliver(crafted(alert(at=noon)), noon)
    before = (story(), incidents(), pages())

    work_off(delivery)

    assert (story(), incidents(), pages()) == before
