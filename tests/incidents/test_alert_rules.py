"""Rules as rows: what they match, and what becomes of an alert then."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from incidents import lifecycle, roles
from incidents.alerts import maintenance
from incidents.alerts.rules import glob, matchers
from incidents.models import Alert, AlertRule, Episode, Incident, MaintenanceWindow
from oncall.models import Service
from portal.errors import Invalid
from portal.notify.models import Message
from tests.incidents.alerting import MINUTE, alert, crafted
from tests.incidents.conftest import at_time

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("pattern", "text", "holds"),
    [
        ("Redis", "Redis", True),
        ("Redis", "RedisDown", False),
        ("Redis*", "RedisDown", True),
        ("*Down", "RedisDown", True),
        ("*edis*ow*", "RedisDown", True),
        ("*ow*edis*", "RedisDown", False),
        ("a*a", "a", False),
        ("*", "", True),
        ("", "", True),
        ("*a" * 30 + "b", "a" * 5000, False),
    ],
)
def test_a_star_stands_for_any_text(pattern, text, holds):
    assert glob(pattern, text) is holds


def test_every_line_of_a_rule_must_hold():
    wanted = matchers('service=runner\nseverity != "critical"\n\n')

    assert [matcher.holds({"service": "runner", "severity": "info"}) for matcher in wanted] == [True, True]
    assert [matcher.holds({"service": "runner", "severity": "critical"}) for matcher in wanted] == [True, False]


def test_a_line_that_is_no_matcher_is_refused_with_how_to_write_one():
    with pytest.raises(Invalid, match="label=value"):
        matchers("runner")


def rule(**fields) -> AlertRule:
    return AlertRule.objects.create(**{"name": "mine", "matchers": "alertname=Queue*"} | fields)


def test_the_first_rule_that_matches_decides(sender, noon, crew):
    other = Service.objects.create(name="other", slug="other", team=crew)
    rule(order=2, severity=4)
    rule(order=1, severity=2, service=other)

    sender.deliver(crafted(alert(at=noon)), noon)

    incident = Incident.objects.get()
    assert (incident.severity, incident.service) == (2, other)
    assert Alert.objects.get().rule == "mine"


def test_a_rule_of_another_source_or_switched_off_decides_nothing(sender, noon):
    from incidents.alerts import sources

    elsewhere, _ = sources.create("elsewhere", at=noon)
    rule(source=elsewhere, severity=4)
    rule(is_enabled=False, severity=4)

    sender.deliver(crafted(alert(at=noon)), noon)

    assert Incident.objects.get().severity == 1


def test_only_record_opens_nothing_and_stays_in_the_inbox(sender, noon):
    rule(action="record")

    sender.deliver(crafted(alert(at=noon)), noon)

    assert not Incident.objects.exists()
    assert Episode.objects.get().incident is None


def test_attach_joins_what_is_open_and_opens_nothing(sender, noon):
    rule(action="attach", matchers="instance=2")
    sender.deliver(crafted(alert(at=noon, instance="2")), noon)
    before = Incident.objects.count()

    sender.deliver(crafted(alert(at=noon, instance="1")), noon)
    sender.deliver(crafted(alert(at=noon + 20 * MINUTE, instance="2", pod="a")), noon + 20 * MINUTE)

    assert (before, Incident.objects.count()) == (0, 1)
    assert Episode.objects.filter(incident=Incident.objects.get()).count() == 2


def test_alerts_alike_in_the_labels_of_the_rule_share_an_incident(sender, noon):
    rule(matchers="", key_labels="cluster")

    for number, cluster in enumerate(["eu", "eu", "us"]):
        sender.deliver(crafted(alert(f"Name{number}", at=noon, cluster=cluster)), noon)

    assert Incident.objects.count() == 2


def test_a_source_can_have_key_labels_of_its_own(sender, noon):
    sender.source.key_labels = "service, alertname, cluster"
    sender.source.save()

    for cluster in ("eu", "us", "eu"):
        sender.deliver(crafted(alert(at=noon, cluster=cluster)), noon)

    assert Incident.objects.count() == 2


@pytest.mark.parametrize(("window", "count"), [(timedelta(hours=2), 1), (timedelta(0), 2)])
def test_the_reopen_window_is_the_rules(sender, noon, ana, window, count):
    rule(reopens_within=window)
    sender.deliver(crafted(alert(at=noon)), noon)
    sender.deliver(crafted(alert(at=noon, ended=noon + MINUTE)), noon + MINUTE)
    lifecycle.resolve(Incident.objects.get().pk, by=ana, at=noon + 2 * MINUTE)

    sender.deliver(crafted(alert(at=noon + 61 * MINUTE)), noon + 61 * MINUTE)

    assert Incident.objects.count() == count


def pages() -> int:
    return Message.objects.filter(purpose="page").count()


@pytest.fixture
def window(runner, noon, ana):
    return MaintenanceWindow.objects.create(
        service=runner, starts_at=noon, ends_at=noon + 60 * MINUTE, reason="New disks", created_by=ana, created_at=noon
    )


def test_in_a_maintenance_window_the_incident_is_recorded_and_nobody_is_paged(sender, noon, window):
    sender.deliver(crafted(alert(at=noon)), noon + MINUTE)

    assert (Incident.objects.count(), pages()) == (1, 0)


def test_what_still_fires_when_the_window_ends_is_paged_then(sender, noon, window, monkeypatch):
    sender.deliver(crafted(alert(at=noon)), noon + MINUTE)

    at_time(noon + 60 * MINUTE, monkeypatch)

    assert pages() == 1


def test_what_ended_inside_the_window_pages_nobody(sender, noon, window, monkeypatch):
    sender.deliver(crafted(alert(at=noon)), noon + MINUTE)
    sender.deliver(crafted(alert(at=noon, ended=noon + 5 * MINUTE)), noon + 5 * MINUTE)

    at_time(noon + 60 * MINUTE, monkeypatch)

    assert pages() == 0


@pytest.mark.parametrize("minutes", [-1, 60])
def test_outside_the_window_it_pages(sender, noon, window, minutes):
    sender.deliver(crafted(alert(at=noon)), noon + minutes * MINUTE)

    assert pages() == 1


def test_a_cancelled_window_holds_nothing(sender, noon, window):
    MaintenanceWindow.objects.update(cancelled_at=noon)

    sender.deliver(crafted(alert(at=noon)), noon + MINUTE)

    assert pages() == 1


def test_maintenance_that_is_called_off_lets_its_pages_go_at_once(sender, noon, window, monkeypatch):
    sender.deliver(crafted(alert(at=noon)), noon + MINUTE)

    maintenance.cancel(window, at=noon + 5 * MINUTE)
    at_time(noon + 5 * MINUTE, monkeypatch)

    assert pages() == 1


def test_maintenance_that_takes_longer_holds_its_pages_until_the_new_end(sender, noon, window, monkeypatch):
    sender.deliver(crafted(alert(at=noon)), noon + MINUTE)
    maintenance.change(window, starts_at=noon, ends_at=noon + 90 * MINUTE, reason="More disks", at=noon + 50 * MINUTE)

    at_time(noon + 60 * MINUTE, monkeypatch)
    in_between = pages()
    at_time(noon + 90 * MINUTE, monkeypatch)

    assert (in_between, pages()) == (0, 1)


@pytest.mark.parametrize(("starts", "ends"), [(10, 10), (10, 5), (-60, -1)])
def test_maintenance_that_holds_nothing_back_is_refused(runner, noon, ana, starts, ends):
    with pytest.raises(Invalid):
        maintenance.plan(runner, starts_at=noon + starts * MINUTE, ends_at=noon + ends * MINUTE, reason="x", by=ana, at=noon)


def test_over_the_api_rules_are_checked_and_maintenance_stays_with_its_service(client, admin_user, runner, crew, window):
    other = Service.objects.create(name="chat", slug="chat", team=crew)
    client.force_login(admin_user)

    def send(method: str, path: str, etag: str = "", **body: object):
        headers = {"If-Match": etag} if etag else {}
        return client.generic(method, f"/api/{path}/", json.dumps(body), "application/json", headers=headers)

    refused = send("POST", "alert-rules", name="odd", matchers="no matcher")
    made = send("POST", "alert-rules", name="quiet chat", matchers="service=chat", action="record", service="chat")
    kept = client.get(f"/api/maintenance/{window.pk}/")
    moved = send("PATCH", f"maintenance/{window.pk}", kept["ETag"], service=other.slug)

    assert (refused.status_code, "is no matcher" in refused.content.decode()) == (400, True), refused.json()
    assert (made.status_code, AlertRule.objects.get().service) == (201, other)
    assert (moved.status_code, "stays with its service" in moved.content.decode()) == (400, True), moved.json()


def test_a_new_alert_in_an_incident_in_hand_is_a_message_to_its_roles_and_no_page(sender, noon, ana, admin_user):
    sender.deliver(crafted(alert(at=noon, instance="a")), noon)
    incident = Incident.objects.get()
    lifecycle.acknowledge(incident.pk, by=ana, at=noon + MINUTE)
    roles.take(incident.pk, "operations", person=admin_user, by=ana, at=noon + MINUTE)
    before = pages()

    for minute, instance in ((2, "b"), (4, "c"), (8, "d")):
        sender.deliver(crafted(alert(at=noon, instance=instance)), noon + minute * MINUTE)

    told = Message.objects.filter(purpose="notice", subject__startswith="Also firing: QueueDepthGrowing is bad (INC-")
    assert pages() == before
    assert sorted(told.values_list("recipient", flat=True)) == sorted([ana.pk, ana.pk, admin_user.pk, admin_user.pk])  # not at minute 4


def test_an_alert_that_only_returns_or_repeats_is_no_message(sender, noon, ana):
    sender.deliver(crafted(alert(at=noon)), noon)
    lifecycle.acknowledge(Incident.objects.get().pk, by=ana, at=noon + MINUTE)

    sender.deliver(crafted(alert(at=noon)), noon + 2 * MINUTE)
    sender.deliver(crafted(alert(at=noon, ended=noon + 3 * MINUTE)), noon + 3 * MINUTE)
    sender.deliver(crafted(alert(at=noon + 4 * MINUTE)), noon + 4 * MINUTE)

    assert not Message.objects.filter(purpose="notice").exists()
