"""Figures of the metric pairs: both ends, n and the missing share; by severity, service and quarter; drills left out."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.models import Incident, Milestone
from oncall.models import Service
from portal.notify.models import Message
from postmortems import debt, insights, load, metric_pairs
from postmortems.charts import bars
from postmortems.models import ActionItem, DebtWeek, MetricPair
from runbooks.models import Runbook

lengths = st.lists(st.one_of(st.none(), st.integers(0, 10**6)), max_size=60)


@given(lengths)
def test_a_figure_counts_what_is_known_and_lies_between_its_ends(values):
    found, known = metric_pairs.figure(values), [value for value in values if value is not None]

    assert (found.total, found.n, found.missing) == (len(values), len(known), len(values) - len(known))
    assert found.too_few == (len(known) < 5)
    if known:
        assert min(known) <= found.median <= found.p90 <= max(known)
    else:
        assert (found.median, found.p90) == (None, None)


def test_quantiles_lie_between_neighbours_in_proportion():
    assert metric_pairs.quantile([10, 20, 30, 40], 0.5) == 25
    assert metric_pairs.quantile([10, 20, 30, 40], 0.9) == pytest.approx(37)
    assert metric_pairs.quantile([7], 0.9) == 7
    assert metric_pairs.quantile([10, 20], 1) == 20
    with pytest.raises(ValueError, match="no values"):
        metric_pairs.quantile([], 0.5)


@pytest.mark.parametrize(("start", "end", "length"), [(10, 25, 15), (10, 10, 0), (25, 10, None), (None, 10, None), (10, None, None), (0, 5, 5)])
def test_what_ends_before_it_begins_or_lacks_an_end_is_no_data(start, end, length):
    assert metric_pairs.between(start, end) == length


def test_a_target_is_met_up_to_its_last_second_and_only_judged_where_there_is_one():
    found = metric_pairs.figure([300, 301, None, 5], [300, 300, 300, None])

    assert (found.met, found.judged, found.n, found.total) == (1, 2, 3, 4)


def test_the_shipped_pairs_are_those_of_the_product_with_both_ends_and_targets():
    said = {pair.name: (pair.between, pair.target_of(1), pair.target_of(2), pair.target_of(3)) for pair in metric_pairs.shipped()}
    minutes = lambda n: timedelta(minutes=n)  # noqa: E731

    assert said == {
        "Time to detect": ("impact started → detected", minutes(5), minutes(5), minutes(5)),
        "Time to alert": ("detected → alerted", minutes(1), minutes(1), minutes(1)),
        "Time to acknowledge": ("alerted → acknowledged", minutes(5), minutes(5), minutes(5)),
        "Time to identify": ("acknowledged → identified", None, None, None),
        "Time to mitigate": ("impact started → mitigated", minutes(15), minutes(30), None),
        "Watched before resolving": ("mitigated → resolved", None, None, None),
        "Duration": ("impact started → resolved", None, None, None),
        "Time to publish": ("resolved → postmortem published", timedelta(hours=48), timedelta(hours=48), timedelta(hours=48)),
    }
    assert [pair.order for pair in metric_pairs.shipped()] == list(range(1, 9))


def test_an_administrators_pairs_count_instead_and_the_seed_lays_them_out_once(db, noon):
    assert len(metric_pairs.rows()) == 8
    assert metric_pairs.lay_out(noon) == "8 metric pairs"
    assert metric_pairs.lay_out(noon) == ""
    MetricPair.objects.exclude(key="duration").delete()
    assert [pair.key for pair in metric_pairs.rows()] == ["duration"]


def lasted(service, minutes, noon, *, severity=2, **fields):
    fields = {"kind": "incident", "status": "resolved", "opened_at": noon - timedelta(minutes=minutes)} | fields
    incident = Incident.objects.create(title="Slow", severity=severity, service=service, resolved_at=noon, **fields)
    for name, at in (("impact_started", noon - timedelta(minutes=minutes)), ("resolved", noon)):
        Milestone.objects.create(incident=incident, name=name, at=at, recorded_at=noon)
    return incident


@pytest.fixture
def services(platform):
    return [Service.objects.create(name=name.title(), slug=name, team=platform) for name in ("api", "worker")]


def test_incidents_are_grouped_and_drills_merged_cancelled_and_hidden_ones_left_out(services, ana, noon):
    api, worker = services
    for minutes in (10, 20, 30, 40, 50):
        lasted(api, minutes, noon, severity=1)
    lasted(worker, 60, noon)
    lasted(None, 70, noon, opened_at=noon - timedelta(days=100))
    lasted(api, 999, noon, kind="drill")
    lasted(api, 999, noon, status="cancelled")
    lasted(api, 999, noon, status="merged", merged_into=Incident.objects.first())
    lasted(api, 999, noon, is_restricted=True)
    lasted(api, 999, noon, opened_at=noon - timedelta(days=400))
    Milestone.objects.filter(incident=Incident.objects.earliest("pk"), name="resolved").delete()

    found = insights.of(ana, "duration", "365", noon)

    assert found.incidents == 7
    overall = dict((pair.key, figure) for pair, figure in found.pairs)["duration"]
    assert (overall.n, overall.total, overall.median) == (6, 7, 45 * 60)
    by = {name: [(group.name, group.figure.n, group.figure.total) for group in groups] for name, groups in found.groups.items()}
    assert by == {
        "severity": [("SEV1", 4, 5), ("SEV2", 2, 2)],
        "service": [("Api", 4, 5), ("no service", 1, 1), ("Worker", 1, 1)],
        "quarter": [("2025 Q4", 1, 1), ("2026 Q1", 5, 6)],
    }
    assert insights.of(ana, "duration", "30", noon).incidents == 6
    assert insights.of(ana, "duration", "all", noon).incidents == 8
    assert insights.of(ana, "nothing", "365", noon).chosen.key == "duration"


def test_without_incidents_there_is_no_figure(db, ana, noon):
    found = insights.of(ana, "mitigate", "all", noon)

    assert (found.incidents, found.chosen.key, found.groups["service"]) == (0, "mitigate", [])
    assert all(figure.n == 0 and figure.median is None for _, figure in found.pairs)


@pytest.mark.parametrize(("month", "quarter"), [(1, 1), (3, 1), (4, 2), (6, 2), (7, 3), (9, 3), (10, 4), (12, 4)])
def test_quarters_are_those_of_the_calendar(month, quarter):
    assert insights.quarter_of(datetime(2026, month, 28, tzinfo=UTC)) == f"2026 Q{quarter}"


def test_action_items_are_counted_by_the_quarter_they_were_opened_and_closed_in(db, ana, platform, noon):
    def item(created, finished=None, due=0):
        state = {"status": "verified", "evidence": "seen", "finished_at": finished} if finished else {"status": "open"}
        ActionItem.objects.create(title="Fix", owner=ana, team=platform, created_at=created, due_on=(noon + timedelta(days=due)).date(), **state)

    item(noon - timedelta(days=100), finished=noon - timedelta(days=90))
    item(noon - timedelta(days=100), finished=noon, due=-1)
    item(noon, finished=noon, due=0)
    item(noon)

    assert insights.action_items(ana, None, noon) == [
        insights.Items("2025 Q4", opened=2, closed=1, late=0),
        insights.Items("2026 Q1", opened=2, closed=2, late=1),
    ]
    assert [row.quarter for row in insights.action_items(ana, noon - timedelta(days=30), noon)] == ["2026 Q1"]


def test_the_page_the_csv_and_the_json_say_the_same_and_name_both_ends(client, services, ana, noon, monkeypatch):
    monkeypatch.setattr("portal.clock.now", lambda: noon)
    for minutes in (10, 20, 30, 40, 50):
        lasted(services[0], minutes, noon)
    client.force_login(ana)

    page = client.get("/analytics/").content.decode()
    rows = list(csv.DictReader(io.StringIO(client.get("/analytics.csv").content.decode())))
    found = client.get("/analytics.json").json()

    assert "impact started → resolved" in page and "30 min" in page and "n 5, all have data" in page
    assert "too few to compare" in page  # pairs without any data
    duration = next(row for row in rows if (row["Pair"], row["By"]) == ("Duration", "all"))
    assert (duration["From"], duration["To"], duration["n"], duration["Median (s)"], duration["p90 (s)"]) == (
        "Impact started",
        "Resolved",
        "5",
        "1800",
        "2760",
    )
    assert next(pair for pair in found["pairs"] if pair["key"] == "duration")["median"] == 1800


def test_debt_of_a_service_is_one_number_with_its_parts_kept_once_a_week(services, platform, ana, noon):
    api, worker = services
    runbook = Runbook.objects.create(title="Old", slug="old", team=platform, body="x", state="stale", created_at=noon, updated_at=noon)
    runbook.services.add(api)
    postmortem_of = lasted(api, 5, noon)
    Incident.objects.create(title="Practice", kind="drill", severity=3, service=worker, opened_at=noon)
    from postmortems import writing

    late = writing.start(postmortem_of.pk, by=ana, at=noon)
    ActionItem.objects.create(postmortem=late, title="Fix", team=platform, due_on=(noon - timedelta(days=1)).date(), created_at=noon)

    first, second = debt.of_all(noon)

    assert (first.service, first.total) == (api, 4)
    assert first.parts == {"stale": 1, "unowned": 1, "no_runbook": 0, "overdue": 1, "never_drilled": 1}
    assert first.in_words == "1 runbooks stale or broken, 1 runbooks without an owner, 1 action items overdue, never drilled"
    assert (second.total, second.in_words) == (0, "")
    assert (debt.keep_week(noon), debt.keep_week(noon)) == (2, 0)
    assert debt.keep_week(noon + timedelta(days=7)) == 2
    assert debt.of_all(noon + timedelta(days=7))[0].history == [4, 4]
    assert DebtWeek.objects.earliest("monday").monday.weekday() == 0


def test_load_counts_pages_by_team_and_those_at_night_where_the_person_lives(services, platform, ana, ben, noon):
    incident = lasted(services[0], 5, noon)
    ana.time_zone = "Asia/Tokyo"  # noon UTC is 21:00 there
    ana.save()
    for number, (person, hours, days) in enumerate([(ana, 0, 0), (ana, -2, 1), (ana, -10, 1), (ben, 12, 1), (ben, 0, 40)]):
        at = noon - timedelta(days=days, hours=hours)
        Message.objects.create(
            dedup_key=str(number), purpose="page", channel="email", recipient=person, subject="s", body="b", about=incident.subject,
            state="sent", created_at=at, sent_at=at,
        )  # fmt: skip

    [found] = load.by_team(ana, noon)

    assert (found.team, found.pages, found.at_night, found.nights, found.people) == (platform, 4, 2, 2, 2)


def test_bars_grow_with_their_numbers_and_only_the_newest_are_drawn():
    drawn = bars([(f"Q{n}", [n, 0]) for n in range(20)])

    assert [column.name for column in drawn] == [f"Q{n}" for n in range(8, 20)]
    heights = [column.bars[0].height for column in drawn]
    assert heights == sorted(heights) and drawn[0].bars[1].height == 0
    assert bars([]) == []
