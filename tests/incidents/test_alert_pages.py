"""The inbox, what people do there, the ledger by hand, and what alerts were worth."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from incidents.alerts import assessment, health, hops, inbox, mapping, replay, similar, value
from incidents.models import Alert, AlertRule, Delivery, Episode, Incident, Source
from portal import due, outbound
from portal.errors import Invalid
from portal.notify.models import Message
from portal.outbound import Answer, Unreachable
from tests.incidents.alerting import MINUTE, alert, crafted

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting(sender, noon):
    """Two alerts that a rule only records."""
    AlertRule.objects.create(name="record", action="record")
    sender.deliver(crafted(alert("One", at=noon), alert("Two", at=noon, severity="info")), noon)
    return list(Episode.objects.order_by("alert__name").values_list("pk", flat=True))


def test_the_inbox_lists_what_fires_without_an_incident(client, waiting, sender, noon, ana):
    AlertRule.objects.all().delete()
    sender.deliver(crafted(alert("Three", at=noon)), noon)
    client.force_login(ana)

    shown = {show: client.get("/alerts/", {"show": show}).content.decode() for show in ("inbox", "open")}

    assert [shown[show].count('name="episodes"') for show in ("inbox", "open")] == [2, 0]
    assert ("One is bad" in shown["open"], "Three is bad" in shown["open"]) == (True, True)


@pytest.mark.parametrize(
    ("wanted", "count"), [("alertname=One", 1), ("severity=info", 1), ("service=runner", 2), ("on", 1), ("service=", 0), ("'; --", 0)]
)
def test_alerts_are_found_by_label_and_by_name(waiting, ana, noon, wanted, count):
    assert inbox.episodes(ana, "inbox", noon, wanted=wanted).count() == count


def test_chosen_alerts_become_an_incident_that_pages(client, waiting, ana, noon):
    client.force_login(ana)

    client.post("/alerts/take/", {"episodes": waiting})

    incident = Incident.objects.get()
    assert (incident.title, incident.severity, incident.episodes.count()) == ("One is bad", 1, 2)
    assert Message.objects.filter(about=incident.subject, purpose="page").exists()


def test_chosen_alerts_join_an_open_incident_and_may_raise_it(waiting, opened, ana, noon):
    Incident.objects.filter(pk=opened.pk).update(severity=3)

    inbox.attach(waiting, opened.pk, by=ana, at=noon)

    opened.refresh_from_db()
    assert (opened.severity, opened.episodes.count()) == (1, 2)


def test_what_somebody_took_meanwhile_is_refused_kindly(waiting, opened, ana, ben, noon):
    inbox.attach(waiting, opened.pk, by=ana, at=noon)

    with pytest.raises(Invalid, match="somebody was faster"):
        inbox.declare(waiting, by=ben, at=noon)


def test_one_tap_says_what_an_alert_was_worth_and_a_second_corrects_it(client, waiting, ana):
    client.force_login(ana)

    for use in ("noise", "acted", "rubbish"):
        client.post(f"/alerts/episodes/{waiting[0]}/judge/", {"use": use})

    episode = Episode.objects.get(pk=waiting[0])
    assert (episode.was_of_use, episode.judged_by) == ("acted", ana)


def test_the_monthly_list_names_the_noisiest_first_with_what_to_change(sender, noon, ana):
    for number in range(4):
        sender.deliver(crafted(alert("Noisy", at=noon, instance=str(number)), alert("Twin", at=noon, instance=str(number))), noon)
    Episode.objects.filter(alert__name="Noisy").update(was_of_use="noise")
    Episode.objects.filter(alert__name="Twin", pk__in=Episode.objects.filter(alert__name="Twin")[:2]).update(was_of_use="twin")

    found = value.worst(Alert.objects.all(), noon - 60 * MINUTE, noon + MINUTE)

    assert [(rule.name, rule.fired, rule.noise, rule.twins, rule.precision) for rule in found] == [("Noisy", 4, 4, 0, 0.0), ("Twin", 4, 0, 2, 0.0)]
    assert found[0].advice.startswith("Delete Noisy")
    assert value.worst(Alert.objects.all(), noon + MINUTE, noon + 2 * MINUTE) == []


def test_similar_incidents_the_same_alert_first_then_rule_then_service(sender, noon, ana, opened):
    sender.deliver(crafted(alert("Slow", at=noon, instance="1")), noon)
    same = Incident.objects.get(title="Slow is bad")
    Incident.objects.filter(pk=same.pk).update(takes_alerts=False, status="closed", resolved_at=noon)
    sender.deliver(crafted(alert("Slow", at=noon, ended=noon + MINUTE, instance="1")), noon + MINUTE)
    later = noon + 120 * MINUTE
    sender.deliver(crafted(alert("Slow", at=later, instance="1")), later)

    found = similar.similar_to(Incident.objects.order_by("-pk")[0], ana)

    assert [(each.incident, each.why) for each in found] == [(same, "The same alert"), (opened, "The same service")]


def test_a_dry_run_says_what_would_happen_and_keeps_nothing(sender, noon):
    delivery = sender.store(json.dumps(crafted(alert(at=noon))).encode(), noon)
    before = (Delivery.objects.count(), Message.objects.count())

    outcome = replay.dry_run(delivery, now=noon + MINUTE)

    assert (outcome.opened, outcome.pages) == (["QueueDepthGrowing is bad"], 1)
    assert outcome.lines == ["QueueDepthGrowing: a new episode, in INC-1"] or outcome.lines[0].startswith("QueueDepthGrowing: a new episode")
    assert (Delivery.objects.count(), Message.objects.count()) == before
    assert not (Incident.objects.exists() or Alert.objects.exists())


def test_the_command_replays_or_only_says(sender, noon, monkeypatch):
    delivery = sender.store(json.dumps(crafted(alert(at=noon))).encode(), noon)
    out = StringIO()

    call_command("replay_delivery", str(delivery.pk), "--dry-run", stdout=out)
    nothing = Incident.objects.count()
    call_command("replay_delivery", str(delivery.pk), stdout=out)
    due.run("ingest")

    assert "1 incidents opened, 1 messages" in out.getvalue()
    assert (nothing, Incident.objects.count()) == (0, 1)


def test_replaying_what_was_applied_changes_nothing(client, sender, noon, admin_user):
    delivery = sender.deliver(crafted(alert(at=noon)), noon)
    client.force_login(admin_user)

    client.post(f"/alerts/deliveries/{delivery.pk}/again/")
    due.run("ingest")

    assert (Incident.objects.count(), Episode.objects.count(), Message.objects.filter(purpose="page").count()) == (1, 1, 1)


# Other shapes

MAPPING = {
    "alerts": "events",
    "labels": {"alertname": "check.name", "service": "=runner", "severity": "level"},
    "annotations": {"summary": "message"},
    "status": "state",
    "resolved": ["OK"],
    "starts_at": "opened",
    "ends_at": "closed",
}


def event(state: str, **more) -> dict:
    return {"check": {"name": "Disk"}, "level": "critical", "message": "Disk is full", "state": state, "opened": "2026-03-03T12:00:00Z"} | more


def test_any_json_becomes_alerts_by_its_mapping(sender, noon):
    Source.objects.update(shape="json", mapping=MAPPING)

    answers = [
        sender.post(json.dumps({"events": [event("PROBLEM")]}).encode()),
        sender.post(json.dumps({"events": [event("OK", closed="2026-03-03T12:05:00Z")]}).encode()),
    ]

    incident = Incident.objects.get()
    assert [answer.json()["understood"] for answer in answers] == [True, True]
    assert (incident.title, incident.severity) == ("Disk is full", 1)
    assert Episode.objects.get().ended_at == noon + 5 * MINUTE


@pytest.mark.parametrize("raw", [b"{}", b'{"events": 3}', b"[]", b"not json", b'{"events": [null, 3, {"check": []}]}'])
def test_a_body_that_the_mapping_does_not_fit_is_kept_and_said(sender, raw):
    Source.objects.update(shape="json", mapping=MAPPING)

    answer = sender.post(raw)

    assert (answer.status_code, Delivery.objects.get().state) == (200, "applied")
    assert Delivery.objects.get().problems or not Delivery.objects.get().understood or Alert.objects.exists()


def test_a_wrong_mapping_is_told_in_sentences():
    assert mapping.problems([]) == ["The mapping is a JSON object."]
    assert mapping.problems({"labels": {"service": 3}, "status": []}) == [
        "“labels” says at least where the alertname stands.",
        "“labels” is an object of names and paths.",
        "“status” is a path, names with dots between them.",
    ]
    assert mapping.problems(MAPPING) == []


def test_the_shapes_of_relatives_are_read(sender, noon):
    grafana = alert(at=noon) | {"startsAt": "2026-03-03T20:00:00.123456789+08:00", "fingerprint": "", "values": {"A": 1}, "silenceURL": "x"}
    vmalert = {name: value for name, value in alert("Other", at=noon).items() if name != "fingerprint"}

    answers = [sender.post(json.dumps(crafted(grafana, vmalert, title="[FIRING]", state="alerting", orgId=1)).encode())]

    assert [answer.json()["understood"] for answer in answers] == [True]
    assert Episode.objects.get(alert__name="QueueDepthGrowing").started_at.isoformat() == "2026-03-03T12:00:00.123456+00:00"


def test_a_drill_label_from_outside_is_taken_off_and_said(sender, noon):
    sender.deliver(crafted(alert(at=noon, standby_drill="7")), noon)

    assert "standby_drill" not in Alert.objects.get().labels
    assert "only a running drill" in Delivery.objects.get().problems[0]


# The test alert


def test_a_test_alert_is_recorded_only_and_each_hop_has_its_time(sender, noon, monkeypatch):
    Source.objects.update(api_urls="http://am:9093")
    posted = []
    monkeypatch.setattr(outbound, "fetch", lambda method, url, *, kind, json: posted.append((url, json)) or Answer(200, {}, b"", 0.0))
    source = Source.objects.get()

    code = hops.send(source, now=noon)
    [told] = posted[0][1]
    sender.deliver(crafted({"status": "firing", **told}), noon + MINUTE / 60)

    found = hops.of(source, code)
    assert posted[0][0] == "http://am:9093/api/v2/alerts"
    assert (found.posted_at, found.received_at, found.applied_at) == (noon, noon + MINUTE / 60, noon + MINUTE / 60)
    assert "1.00 s later" in found.lines()[1]
    assert not Incident.objects.exists()


def test_a_test_alert_that_does_not_get_out_says_why(sender, noon, monkeypatch):
    with pytest.raises(Invalid, match="no Alertmanager address"):
        hops.send(sender.source, now=noon)
    Source.objects.update(api_urls="http://am:9093")

    def refused(*args, **more):
        raise Unreachable("refused", "am")

    monkeypatch.setattr(outbound, "fetch", refused)
    with pytest.raises(CommandError, match="am refused the connection"):
        call_command("test_alert", "main")


# How bad is it


@pytest.mark.parametrize(("rate", "severity"), [(0.11, 1), (0.10, 2), (0.06, 2), (0.05, 3), (0.01, 3), (0.0, None)])
def test_a_rate_lies_in_the_band_of_its_severity(rate, severity):
    assert assessment.band(rate, assessment.levels()) == severity


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"data": {"result": [{"value": [1, "0.12"]}]}}, (0.12, 1, "")),
        ({"data": {"result": []}}, (None, None, "No traffic, so no rate.")),
        ({"data": {"result": [{"value": [1, "NaN"]}]}}, (None, None, "No traffic, so no rate.")),
        ({"status": "error"}, (None, None, "Prometheus answered with something else than a rate.")),
    ],
)
def test_the_live_rate_stands_beside_the_bands(sender, monkeypatch, answer, found):
    Source.objects.update(prometheus_url="http://prometheus:9090")
    monkeypatch.setattr(outbound, "fetch", lambda *a, **k: Answer(200, {}, json.dumps(answer).encode(), 0.0))

    rate = assessment.rate_now(assessment.levels())

    assert (rate.value, rate.suggests, rate.why) == found


def test_without_a_prometheus_there_is_no_rate(db):
    assert assessment.rate_now(assessment.levels()) is None


# The doctor


def test_the_doctor_is_green_with_a_well_source_and_names_each_trouble(sender, noon):
    well = [finding.level for finding in health.check(noon)]
    Source.objects.update(stale_since=noon, trouble="am refused the connection.")
    sender.deliver(crafted(*(alert("Flood", at=noon, severity="blocker", value=str(n)) for n in range(200)), alert(at=noon, replica="a")), noon)

    found = [finding.says for finding in health.check(noon + MINUTE)]

    assert well == ["green"]
    assert len(found) == 5
    assert any("blocker" in says for says in found)
    assert any("Flood made more than 200 alerts" in says for says in found)
    assert any("replica" in says for says in found)


def test_a_wrong_token_is_counted(sender, client):
    client.post("/hooks/alertmanager/main/", b"{}", content_type="application/json", headers={"Authorization": "Bearer wrong"})

    source = Source.objects.get()
    assert (source.refused_count, source.refused_at is not None) == (1, True)
