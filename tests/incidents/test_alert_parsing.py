"""What a body says, however odd it is written."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.alerts.alertmanager import Body, Report, fingerprint, moment, parse
from tests.incidents.alerting import alert, crafted
from tests.incidents.conftest import all_captures, moment_of

NOON = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


def read(*alerts, **more) -> Body:
    return parse(json.dumps(crafted(*alerts, **more)).encode(), received_at=NOON)


def labelled(**labels) -> Report:
    [report] = read({"labels": labels, "status": "firing", "startsAt": NOON.isoformat()}).reports
    return report


@pytest.mark.parametrize("capture", all_captures(), ids=lambda capture: capture["_name"])
def test_our_fingerprint_is_alertmanagers(capture):
    body = parse(capture["body_raw"].encode(), received_at=moment_of(capture))

    sent = [found["fingerprint"] for found in (capture["body"] or {}).get("alerts", [])]
    assert [report.fingerprint for report in body.reports] == sent
    assert body.understood == bool(sent)
    assert body.problems == () or not sent


def test_a_firing_alert_has_no_end():
    assert read(alert(at=NOON)).reports[0].ends_at is None


def test_a_resolved_alert_in_a_firing_group_is_resolved():
    found = read(alert(at=NOON), alert("Other", at=NOON - timedelta(hours=1), ended=NOON), status="firing")

    assert [report.is_firing for report in found.reports] == [True, False]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-03T12:00:00Z", NOON),
        ("2026-03-03T20:00:00.123456789+08:00", NOON.replace(microsecond=123456)),
        ("2026-03-03T06:30:00.5-05:30", NOON.replace(microsecond=500000)),
        ("2026-03-03t12:00:00z", NOON),
        ("0001-01-01T00:00:00Z", None),
        ("2026-02-30T12:00:00Z", None),
        ("2026-03-03T12:00:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("2026-03-03T12:00:00+99:99", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_times_are_rfc_3339_with_any_offset_and_fraction(text, expected):
    assert moment(text) == expected


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_every_time_is_read_back(naive, minutes):
    there = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))

    assert moment(there.isoformat()) == there


def test_a_time_that_cannot_be_read_is_the_receipt_and_a_problem():
    body = read(alert(at=NOON) | {"startsAt": "soon"})

    assert body.reports[0].starts_at == NOON
    assert "startsAt" in body.problems[0]


def test_a_clock_ahead_of_ours_is_a_problem():
    assert "clock" in read(alert(at=NOON + timedelta(minutes=11))).problems[0]
    assert read(alert(at=NOON + timedelta(minutes=9))).problems == ()


def test_one_bad_alert_does_not_stop_its_neighbours():
    body = read(alert("First", at=NOON), {"labels": []}, {"labels": {}}, 7, None, "x", alert("Last", at=NOON))

    assert [report.name for report in body.reports] == ["First", "Last"]
    assert len(body.problems) == 5


def test_a_fingerprint_that_is_not_ours_is_noted_and_ours_is_kept():
    body = read(alert(at=NOON) | {"fingerprint": "0000000000000000"})

    assert body.reports[0].fingerprint == fingerprint(body.reports[0].labels.items())
    assert "0000000000000000" in body.problems[0]


def test_without_a_fingerprint_nothing_is_noted():
    found = alert(at=NOON)
    del found["fingerprint"]

    assert read(found).problems == ()


def test_unknown_keys_are_no_problem():
    assert read(alert(at=NOON) | {"values": {"B": 1}}, notification_reason="repeat", routeLabels={"a": "b"}).problems == ()


def test_nul_surrogates_and_control_characters_are_cleaned_but_lines_of_annotations_stay():
    found = alert(at=NOON, path="a\x00b\ud800c\r\nd\x1b") | {"annotations": {"description": "one\r\ntwo\tthree\x00"}}

    [report] = read(found).reports

    assert report.labels["path"] == "a\ufffdb\ufffdc  d "
    assert report.annotations["description"] == "one\ntwo\tthree\ufffd"


def test_what_is_too_long_is_cut_and_says_so():
    report = labelled(alertname="Long", value="v" * 12_345, **{"n" * 600: "x"})

    name = next(name for name in report.labels if name.startswith("nnn"))
    assert report.labels["value"].endswith("… cut, 12,345 characters")
    assert len(name) == 200


def test_identity_is_of_the_uncut_labels():
    one, other = labelled(value="v" * 5000 + "1"), labelled(value="v" * 5000 + "2")

    assert one.labels == other.labels
    assert one.fingerprint != other.fingerprint


def test_of_more_than_64_labels_the_rest_is_counted_and_the_name_is_kept():
    body = read({"labels": {f"label{n:03}": "x" for n in range(100)} | {"alertname": "Many"}, "status": "firing", "startsAt": NOON.isoformat()})

    assert len(body.reports[0].labels) == 64
    assert body.reports[0].name == "Many"
    assert "101" in body.problems[0]


def test_numbers_and_lists_as_values_become_text():
    raw = b'{"alerts": [{"labels": {"a": NaN, "b": 123456789012345678901234567890, "c": [1, {"d": 2}], "e": 1e999}, "status": "firing"}]}'

    [report] = parse(raw, received_at=NOON).reports

    assert report.labels == {"a": "", "b": "123456789012345678901234567890", "c": '[1, {"d": 2}]', "e": "1e999"}


@pytest.mark.parametrize("depth", [30, 900, 100_000])
def test_deep_nesting_is_survived(depth):
    nested = b"[" * depth + b"]" * depth
    raw = b'{"alerts": [{"labels": {"alertname": "Deep", "x": ' + nested + b'}, "status": "firing"}]}'

    body = parse(raw, received_at=NOON)

    assert not body.understood or body.reports[0].labels["x"] == "(nested too deeply)"


def test_a_byte_order_mark_is_dropped():
    assert parse(b'\xef\xbb\xbf{"alerts": []}', received_at=NOON).understood


def test_truncated_alerts_are_counted():
    assert read(alert(at=NOON), truncatedAlerts=7).truncated == 7
    assert read(alert(at=NOON), truncatedAlerts="many").truncated == 0


def test_ten_thousand_problems_are_told_in_fifty_one_sentences():
    assert len(read(*[{"labels": {}}] * 10_000).problems) == 51


texts = st.text(max_size=6) | st.sampled_from(["firing", "resolved", "0001-01-01T00:00:00Z", "\x00", "\ud800", "9999-12-31T23:59:59Z"])
values = st.none() | st.booleans() | st.integers() | texts | st.lists(texts, max_size=2) | st.dictionaries(texts, texts, max_size=3)
KEYS = ("labels", "annotations", "status", "startsAt", "endsAt", "fingerprint", "generatorURL")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, values)), max_size=3))
def test_no_list_of_alerts_raises(alerts):
    raw = json.dumps({"alerts": alerts}).encode()

    body = parse(raw, received_at=NOON)

    assert body.understood
    assert all(len(report.fingerprint) == 16 for report in body.reports)


@given(st.binary())
def test_no_bytes_raise(raw):
    parse(raw, received_at=NOON)
