"""Bodies made to break receivers: with a valid token never anything but 200."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from incidents.alerts import alertmanager
from incidents.models import Alert, AlertRule, Delivery
from tests.incidents.alerting import crafted

pytestmark = pytest.mark.django_db


def naughty(shared_data) -> list[str]:
    return [*json.loads((shared_data / "hostile/blns/blns.json").read_text(encoding="utf-8")), "\x00", "a\ud800b"]


@pytest.mark.shared_data
def test_all_of_the_json_test_suite_is_answered_200(sender, shared_data):
    lines = (shared_data / "hostile/jsontestsuite/cases.jsonl").read_text(encoding="utf-8").split("\n")
    cases = [json.loads(line) for line in lines if line.strip()]

    wrong = [case["name"] for case in cases if sender.post(base64.b64decode(case["base64"])).status_code != 200]

    assert (wrong, len(cases)) == ([], 318)
    assert Delivery.objects.filter(state="applied").count() == 318


@pytest.mark.shared_data
@pytest.mark.parametrize("place", ["label", "label name", "annotation", "url", "time", "key", "alertname"])
def test_every_naughty_string_in_every_place_is_taken_and_read_back(sender, shared_data, noon, place):
    def told(number: int, text: str) -> dict:
        labels = {"alertname": "Naughty", "service": "runner", "number": str(number)}
        found = {"status": "firing", "labels": labels, "annotations": {}, "startsAt": noon.isoformat(), "generatorURL": ""}
        if place == "label":
            labels["text"] = text
        elif place == "label name":
            labels[text] = "x"
        elif place == "annotation":
            found["annotations"] = {"summary": text, "description": text}
        elif place == "url":
            found["generatorURL"] = text
        elif place == "time":
            found["startsAt"] = found["endsAt"] = text
        elif place == "key":
            found[text] = text
        else:
            labels["alertname"] = text
        return found

    texts = naughty(shared_data)
    answers = [
        sender.post(json.dumps(crafted(*(told(start + n, text) for n, text in enumerate(texts[start : start + 100])))).encode())
        for start in range(0, len(texts), 100)
    ]

    assert {answer.status_code for answer in answers} == {200}
    assert Delivery.objects.filter(state="applied").count() == len(answers)
    assert Alert.objects.count() == len(texts)
    if place == "label":
        plain = {number: text for number, text in enumerate(texts) if text.isprintable()}
        kept = {int(found.labels["number"]): found.labels["text"] for found in Alert.objects.all()}
        assert {number: kept[number] for number in plain} == plain


@pytest.mark.parametrize(
    "raw",
    [
        b'{"alerts": [{"status": "firing", "labels": {"a\\u0000b": "c\\u0000d"}}]}',
        b'{"alerts": [{"status": "firing", "labels": {"alertname": "\\ud800", "service": "\\udfff"}}]}',
        b'{"alerts": [{"status": "firing", "labels": {"' + b"k" * 600 + b'": "v"}}]}',
        b'{"alerts": [{"status": "firing", "labels": {"alertname": NaN, "severity": Infinity}}]}',
        b'{"alerts": [{"status": "firing", "labels": {"alertname": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}]}",
        b'{"alerts": [{"status": "firing", "labels": {"alertname": "x", "severity": "' + b"s" * 6000 + b'"}}], "truncatedAlerts": 99999999999999}',
        b'{"alerts": [{"status": "firing", "labels": {"alertname": "x"}, "startsAt": "9999-12-31T23:59:59Z", "fingerprint": "\\u0000"}]}',
        b'{"alerts": [{"status": "resolved", "labels": {"alertname": "x"}, "startsAt": "9999-12-31T23:59:59Z", "endsAt": "0001-01-01T00:00:00Z"}]}',
        b'{"alerts": [{"labels": {"alertname": "x"}, "status": ["firing"]}], "externalURL": "\\u0000"}',
    ],
    ids=["nul", "surrogates", "long name", "nan", "deep", "long severity", "far future", "year one", "odd status"],
)
def test_a_poison_body_is_stored_and_worked_off(sender, raw):
    answers = [sender.post(raw) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert Delivery.objects.filter(state="applied").count() == 2


def test_the_same_alert_twice_in_one_body_is_one(sender, noon):
    found = {"status": "firing", "labels": {"alertname": "Twin"}, "startsAt": noon.isoformat()}

    answer = sender.post(json.dumps(crafted(found, found, found | {"status": "resolved", "endsAt": noon.isoformat()})).encode())

    assert answer.status_code == 200
    assert Alert.objects.get().episodes.count() == 1


TEXT = st.text(alphabet=st.characters(), max_size=40) | st.sampled_from(
    ["\x00", "\ud800", "__proto__", "{{ 7*7 }}", "%s%n", "' OR 1=1 --", "é" * 300]
)
LEAF = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
VALUE = st.recursive(LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=8)
TIME = st.sampled_from(["2026-03-03T12:00:00Z", "2026-03-03T20:00:00.123456789+08:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", ""]) | VALUE
LABELS = st.dictionaries(st.sampled_from(["alertname", "service", "severity", "instance"]) | TEXT, TEXT | VALUE, min_size=1, max_size=6)
ALERT = st.fixed_dictionaries(
    {"labels": LABELS},
    optional={
        "status": st.sampled_from(["firing", "resolved"]) | VALUE,
        "annotations": st.dictionaries(TEXT, TEXT, max_size=4) | VALUE,
        "startsAt": TIME,
        "endsAt": TIME,
        "generatorURL": TEXT | VALUE,
        "fingerprint": TEXT | VALUE,
    },
)
BODY = st.fixed_dictionaries(
    {"alerts": st.lists(ALERT, max_size=3)},
    optional={"truncatedAlerts": VALUE, "externalURL": TEXT | VALUE, "groupKey": VALUE, "version": VALUE},
)
GENERATED, PART = 5000, 250  # bodies in all, and in one test


def uncut(labels: dict) -> str:
    """The identity that these labels must be found under."""
    return alertmanager.fingerprint((name, alertmanager._text(value)) for name, value in labels.items())


@pytest.mark.slow
@pytest.mark.parametrize("part", range(GENERATED // PART))
def test_five_thousand_generated_bodies_are_answered_200_and_lose_no_alert(sender, part):
    """Each part draws its own bodies; every alert with labels must be found afterwards. A quarter of the parts open incidents too."""
    wrong, lost = [], []
    if part % 4:
        AlertRule.objects.create(name="only record", action="record")

    @seed(part)
    @settings(max_examples=PART, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(BODY)
    def told(body):
        raw = json.dumps(body).encode("utf-8", "surrogatepass")
        answer = sender.post(raw)
        if answer.status_code != 200:
            wrong.append((answer.status_code, raw))
        sent = {uncut(alert["labels"]) for alert in alertmanager.decode(raw)["alerts"]}
        missing = sent - set(Alert.objects.filter(fingerprint__in=sent).values_list("fingerprint", flat=True))
        if missing:
            lost.append((missing, raw))

    told()

    assert (wrong, lost) == ([], [])
    assert not Delivery.objects.exclude(state="applied").exists()
    assert Delivery.objects.count() >= PART * 0.9
