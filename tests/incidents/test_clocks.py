"""Clocks: due rows that nag the right person and are judged kept, late or missed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents import clocks, communications, lifecycle, merging, roles, timeline
from incidents.communications import Words
from incidents.models import Cadence, Promise
from incidents.models.incident import Status
from portal.notify.models import Message
from tests.conftest import person
from tests.incidents.conftest import at_time

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def promise(incident, kind):
    return incident.promises.filter(kind=kind).last()


def say(incident, by, at, next_in=15 * MINUTE, key="k"):
    return communications.post(
        incident.pk, Words(kind="progress", internal="We roll back.", next_at=at + next_in if next_in else None), key=key, by=by, at=at
    )


def test_a_sev1_is_acknowledged_within_five_minutes_or_late(opened, ana, noon):
    assert promise(opened, "acknowledge").due_at == noon + 5 * MINUTE

    lifecycle.acknowledge(opened.pk, by=ana, at=noon + 7 * MINUTE)

    assert promise(opened, "acknowledge").verdict == "late"
    assert promise(opened, "acknowledge").late_by == 2 * MINUTE


def test_the_first_update_then_the_scope_then_the_cadence(opened, ana, noon):
    assert promise(opened, "first_update").due_at == noon + 5 * MINUTE
    assert clocks.next_update_at(opened, noon) == noon + 5 * MINUTE

    say(opened, ana, noon + 4 * MINUTE, next_in=5 * MINUTE)
    assert (promise(opened, "first_update").verdict, promise(opened, "scope").due_at) == ("kept", noon + 9 * MINUTE)
    say(opened, ana, noon + 8 * MINUTE, key="two")

    assert (promise(opened, "scope").verdict, promise(opened, "update").due_at) == ("kept", noon + 23 * MINUTE)


def test_after_two_hours_the_long_rhythm_is_proposed(opened, ana, noon):
    lifecycle.acknowledge(opened.pk, by=ana, at=noon)
    say(opened, ana, noon + MINUTE)

    late = noon + timedelta(hours=2, minutes=1)

    assert clocks.next_update_at(opened, late) == late + 30 * MINUTE


def test_an_update_that_is_due_nags_the_communications_lead_then_the_commander(opened, ana, ben, noon, monkeypatch):
    lifecycle.acknowledge(opened.pk, by=ana, at=noon)
    roles.take(opened.pk, "communications", person=ben, by=ana, at=noon)
    roles.take(opened.pk, "commander", person=ana, by=ana, at=noon)

    at_time(noon + 5 * MINUTE, monkeypatch)
    [nag] = Message.objects.filter(subject__startswith="First update is due")
    assert nag.recipient == ben
    at_time(noon + 10 * MINUTE + timedelta(seconds=1), monkeypatch)

    [nag] = Message.objects.filter(subject__startswith="First update is late")
    assert nag.recipient == ana
    assert timeline.story(opened).filter(kind="late").count() == 1


def test_late_is_after_the_grace_and_the_grace_itself_is_kept(opened, ana, noon):
    lifecycle.acknowledge(opened.pk, by=ana, at=noon)

    say(opened, ana, noon + 10 * MINUTE)

    assert promise(opened, "first_update").verdict == "kept"
    assert promise(opened, "first_update").late_by == 5 * MINUTE


def test_what_never_came_is_missed_when_the_incident_is_merged_away(opened, runner, ana, noon):
    other = lifecycle.declare(title="Other", severity=1, service=runner, summary="", by=ana, at=noon)

    merging.merge(opened.pk, other.pk, by=ana, at=noon + 30 * MINUTE)

    assert promise(opened, "first_update").verdict == "missed"
    assert not opened.promises.filter(verdict="open").exists()


def test_going_back_restarts_the_update_clock_and_withdraws_the_postmortem(opened, ana, noon):
    lifecycle.resolve(opened.pk, by=ana, at=noon)
    assert promise(opened, "draft").due_at == noon + timedelta(hours=24)
    assert promise(opened, "publish").due_at == noon + timedelta(hours=48)

    lifecycle.move(opened.pk, Status.INVESTIGATING, by=ana, at=noon + MINUTE, reason="errors are back at 4 %")

    assert (promise(opened, "draft").verdict, promise(opened, "first_update").due_at) == ("withdrawn", noon + 6 * MINUTE)


def test_the_watch_has_to_run_out_or_be_skipped_with_a_reason(opened, ana, noon):
    from portal.models import Decision

    lifecycle.move(opened.pk, Status.MITIGATED, by=ana, at=noon)

    with pytest.raises(lifecycle.WatchRuns, match="another 20 min"):
        lifecycle.resolve(opened.pk, by=ana, at=noon + 10 * MINUTE)
    lifecycle.resolve(opened.pk, by=ana, at=noon + 10 * MINUTE, reason="the cause is switched off")

    assert Decision.objects.get(kind="watch_skipped").by == ana


def test_a_watch_that_ran_out_lets_it_be_resolved_without_a_word(opened, ana, noon, monkeypatch):
    lifecycle.move(opened.pk, Status.MITIGATED, by=ana, at=noon)

    at_time(noon + 30 * MINUTE, monkeypatch)
    lifecycle.resolve(opened.pk, by=ana, at=noon + 31 * MINUTE)

    assert promise(opened, "watch").settled_at == noon + 31 * MINUTE
    assert opened.checks.get(fact="watched").state == "ticked"


def test_a_metric_out_of_its_band_restarts_the_watch_and_says_so_once(opened, ana, noon):
    lifecycle.move(opened.pk, Status.MITIGATED, by=ana, at=noon)

    assert clocks.restart_watch(opened, noon + 10 * MINUTE, why="Queue depth out of band")
    assert not clocks.restart_watch(opened, noon + 11 * MINUTE, why="Queue depth out of band")

    assert clocks.watch_left(opened, noon + 11 * MINUTE) == 30 * MINUTE
    assert timeline.story(opened).filter(kind="watch").count() == 1


def test_a_metric_that_leaves_its_band_after_the_watch_was_over_begins_a_watch_that_ends_too(opened, ana, noon, monkeypatch):
    lifecycle.move(opened.pk, Status.MITIGATED, by=ana, at=noon)
    at_time(noon + 30 * MINUTE, monkeypatch)

    clocks.restart_watch(opened, noon + 31 * MINUTE, why="Queue depth out of band")
    at_time(noon + 61 * MINUTE, monkeypatch)

    told = list(timeline.story(opened).filter(kind="watch").order_by("at").values_list("text", flat=True))
    assert [text.partition(":")[0] for text in told] == ["The watch is over", "Queue depth out of band", "The watch is over"]


def test_an_administrators_row_counts_to_the_second(runner, ana, noon):
    Cadence.objects.create(severity=1, first_update=timedelta(seconds=3), update_every=timedelta(seconds=4))

    incident = lifecycle.declare(title="Quick", severity=1, service=runner, summary="", by=ana, at=noon)

    assert promise(incident, "first_update").due_at == noon + timedelta(seconds=3)
    assert not incident.promises.filter(kind="acknowledge").exists()


def test_a_sev3_has_no_clock_until_somebody_promises(runner, ana, noon):
    incident = lifecycle.declare(title="Small", severity=3, service=runner, summary="", by=ana, at=noon)
    assert not incident.promises.exists()

    say(incident, ana, noon, next_in=timedelta(hours=1))

    assert promise(incident, "update").due_at == noon + timedelta(hours=1)


def test_the_final_update_stops_the_clock(opened, ana, noon):
    lifecycle.resolve(opened.pk, by=ana, at=noon)
    assert Promise.objects.filter(incident=opened, kind="first_update", verdict="open").exists()

    say(opened, ana, noon + MINUTE, next_in=None)

    assert not opened.promises.filter(kind__in=clocks.ABOUT_UPDATES, verdict="open").exists()


def test_every_promise_about_updates_is_listed_for_the_postmortem(opened, ana, noon):
    say(opened, ana, noon + 4 * MINUTE)
    say(opened, person("Ute"), noon + 60 * MINUTE, key="two", next_in=30 * MINUTE)

    assert [(p.kind, p.verdict) for p in clocks.judged(opened)] == [("first_update", "kept"), ("scope", "late")]
