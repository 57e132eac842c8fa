"""Metrics: asked once for all viewers, judged by their band, old values said with their age."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest

from incidents import clocks, lifecycle, telemetry
from incidents.models import Metric, Reading
from incidents.models.incident import Status
from portal import outbound
from portal.models import Due
from runbooks.models import Target

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def depth(runner):
    return Metric.objects.create(service=runner, name="Queue depth", expression="agent_queue_depth", high=500)


def answers(monkeypatch, *series, asked=None):
    """A Prometheus, the only thing faked here, that answers these series of (timestamp, value)."""
    body = {"status": "success", "data": {"result": [{"metric": {}, "values": found} for found in series]}}

    def fetch(method, url, **more):
        if asked is not None:
            asked.append(url)
        return SimpleNamespace(json=lambda: body)

    monkeypatch.setattr(outbound, "fetch", fetch)


def test_one_poller_asks_whatever_the_number_of_incidents_and_rests_when_all_is_over(runner, depth, ana, noon, monkeypatch):
    Target.objects.create(slug="prom", kind="prometheus", host="127.0.0.1", port=9090)
    first, second = (lifecycle.declare(title=t, severity=3, service=runner, summary="", by=ana, at=noon) for t in ("One", "Two"))
    asked = []
    answers(monkeypatch, [[noon.timestamp(), "812"]], asked=asked)
    [row] = Due.objects.filter(kind=telemetry.DUE)

    telemetry.handle(row, noon)
    assert (len(asked), Reading.objects.get().value) == (1, 812)
    assert Due.objects.get(kind=telemetry.DUE).due_at == noon + 15 * SECOND
    for incident in (first, second):
        lifecycle.resolve(incident.pk, by=ana, at=noon)
    telemetry.handle(Due.objects.get(kind=telemetry.DUE), noon)

    assert not Due.objects.filter(kind=telemetry.DUE).exists()


def test_out_of_band_comes_first_and_says_what_is_normal(opened, runner, depth, noon):
    workers = Metric.objects.create(service=runner, name="Active workers", expression="x", low=12, order=1)
    for metric, value in ((depth, 100.0), (workers, 10.0)):
        Reading.objects.create(metric=metric, service=runner, value=value, value_at=noon, points=[value] * 3, asked_at=noon)

    shown = telemetry.gauges(opened, noon)

    assert [(g.name, g.verdict, g.words) for g in shown] == [
        ("Active workers", "bad", "normal from 12"),
        ("Queue depth", "ok", "normal up to 500"),
    ]
    assert shown[1].says == "lowest 100, highest 100 in the last hour, now 100"


def test_the_last_value_stays_with_its_age_when_prometheus_is_away(opened, runner, depth, noon, monkeypatch):
    Target.objects.create(slug="prom", kind="prometheus", host="127.0.0.1", port=9090)
    Reading.objects.create(metric=depth, service=runner, value=7, value_at=noon, points=[7], asked_at=noon)

    def away(*_, **__):
        raise outbound.Unreachable("refused", "127.0.0.1")

    monkeypatch.setattr(outbound, "fetch", away)
    telemetry.sample(runner, noon + 240 * SECOND)

    [gauge] = telemetry.gauges(opened, noon + 240 * SECOND)
    assert (gauge.value, gauge.value_at, gauge.problem) == (7, noon, "127.0.0.1 refused the connection.")


@pytest.mark.parametrize(("several", "expected"), [("sum", 30), ("max", 20), ("mean", 15)])
def test_several_series_become_one_as_the_metric_says(opened, runner, depth, noon, monkeypatch, several, expected):
    Target.objects.create(slug="prom", kind="prometheus", host="127.0.0.1", port=9090)
    Metric.objects.filter(pk=depth.pk).update(several=several)
    answers(monkeypatch, [[noon.timestamp(), "10"]], [[noon.timestamp(), "20"]], [[noon.timestamp(), "NaN"]])

    telemetry.sample(runner, noon)

    assert Reading.objects.get().value == expected


def test_the_watch_begins_anew_while_a_metric_is_out_of_its_band(opened, runner, depth, ana, noon):
    lifecycle.move(opened.pk, Status.MITIGATED, by=ana, at=noon)
    reading = Reading.objects.create(metric=depth, service=runner, value=900, value_at=noon, points=[900], asked_at=noon)

    telemetry.judge(opened, noon + 600 * SECOND)
    assert clocks.watch_left(opened, noon + 600 * SECOND) == timedelta(minutes=30)
    Reading.objects.filter(pk=reading.pk).update(value=3)
    telemetry.judge(opened, noon + 700 * SECOND)

    assert clocks.watch_left(opened, noon + 700 * SECOND) == timedelta(minutes=30) - 100 * SECOND


def test_the_six_to_watch_are_shipped_once_and_never_over_an_edit(db, noon):
    assert telemetry.lay_out(noon) == "6 metrics to watch"
    Metric.objects.filter(name="Latency").update(high=3)

    assert telemetry.lay_out(noon) == ""
    assert Metric.objects.get(name="Latency").high == 3
