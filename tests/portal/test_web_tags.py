"""What the tags of every page say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils import timezone

from portal.web import icons


def drawn(source: str, **context) -> str:
    return Template(source).render(Context(context))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0s"),
        (45, "45s"),
        (130, "2m 10s"),
        (300, "5 min"),
        (599, "9m 59s"),
        (600, "10 min"),
        (34 * 60, "34 min"),
        (3600, "1 h"),
        (108 * 60, "1 h 48 min"),
        (47 * 3600, "47 h"),
        (48 * 3600, "2 days"),
        (9 * 86400 + 5, "9 days"),
        (None, "no data"),
    ],
)
def test_durations_read_as_the_style_guide_says(seconds, words):
    assert drawn("{{ length|duration }}", length=seconds) == words
    if seconds is not None:
        assert drawn("{{ length|duration }}", length=timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=3), "just now · 11:59 UTC"),
        (timedelta(seconds=40), "40 s ago · 11:59 UTC"),
        (timedelta(seconds=70), "1 min ago · 11:58 UTC"),
        (timedelta(minutes=3, seconds=10), "3 min ago · 11:56 UTC"),
        (timedelta(minutes=82), "1 h 22 min ago · 10:38 UTC"),
        (timedelta(minutes=-5), "in 5 min · 12:05 UTC"),
        (timedelta(days=1), "2 Mar 12:00 UTC"),
        (timedelta(days=400), "27 Jan 2025 12:00 UTC"),
    ],
)
def test_a_moment_is_relative_for_a_day_and_dated_later(noon, ago, words):
    html = drawn("{% when moment %}", moment=noon - ago, now=noon)

    assert f">{words}</time>" in html


def test_a_moment_carries_utc_and_the_readers_own_zone(noon):
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        html = drawn("{% when moment %}", moment=noon + timedelta(hours=4), now=noon)

    assert 'datetime="2026-03-03T16:00:00Z"' in html
    assert 'title="2026-03-03 16:00:00 UTC · 04 Mar 01:00 Asia/Tokyo"' in html


def test_a_shift_shows_the_readers_time_first(noon):
    assert ">Tue 3 Mar, 13:00 · 12:00 UTC</time>" in drawn("{% local moment zone %}", moment=noon, zone=ZoneInfo("Europe/Berlin"))
    assert ">Tue 3 Mar, 12:00 UTC</time>" in drawn("{% local moment %}", moment=noon)


def test_a_clock_has_the_date_on_another_day(noon):
    assert ">11:00 UTC</time>" in drawn("{% clock moment %}", moment=noon - timedelta(hours=1), now=noon)
    assert ">2 Mar 23:00</time>" in drawn("{% clock moment utc=False %}", moment=noon - timedelta(hours=13), now=noon)


def test_no_moment_is_said():
    assert drawn("{% when None %}/{% clock None %}/{% local None nothing='n/a' %}") == "no data/no data/n/a"


def test_a_countdown_that_passed_is_late(noon):
    html = drawn('{% countdown due say="Update" %}', due=noon - timedelta(seconds=12), now=noon)

    assert ">late 0:12</span>" in html
    assert 'data-due-at="2026-03-03T11:59:48Z"' in html


def test_what_is_overdue_says_by_how_much_and_since_when(noon):
    late = drawn("{% overdue due %}", due=noon - timedelta(days=9), now=noon)
    early = drawn("{% overdue due %}", due=noon + timedelta(hours=2), now=noon)

    assert ("9 days overdue" in late, ">22 Feb 12:00 UTC<" in late) == (True, True)
    assert early.startswith("due <time") and ">in 2 h · 14:00 UTC<" in early


def test_a_severity_is_shape_and_text():
    html = drawn("{% sev 1 word=True %}")

    assert "SEV1 Critical" in html
    assert "<svg" in html


@pytest.mark.django_db
def test_a_name_is_text_and_never_markup(ana):
    ana.name = "<b>Ana</b> Duarte"

    hostile = '"><script>'

    html = drawn(
        '{% person user role=hostile %}{% av user %}{% tag hostile "check" hostile %}{% icon "check" label=hostile cls=hostile %}',
        user=ana,
        hostile=hostile,
    )

    assert "<b>" not in html
    assert "<script>" not in html


def test_nobody_is_said():
    assert drawn("{% person None %}") == '<span class="muted">nobody</span>'


def test_an_icon_that_does_not_exist_is_a_plain_circle():
    assert icons.shapes("no-such-icon") == icons.shapes("../lucide/circle") == icons.shapes("circle")


def test_a_line_needs_two_values():
    assert drawn("{% spark line %}", line=[1]) == ""
    assert drawn("{% spark line 'bad' 4 %}", line=[1, 5]).count("<line") == 1


def test_widths_come_in_steps_of_five():
    assert [drawn("{{ n|width }}", n=n) for n in (0, 37, 100, 140, None)] == ["w-0", "w-35", "w-100", "w-100", "w-0"]


def test_years_differ_by_the_clock_of_utc():
    new_year = datetime(2027, 1, 1, 0, 30, tzinfo=UTC)

    assert ">31 Dec 2026 23:30 UTC</time>" in drawn("{% clock moment %}", moment=new_year - timedelta(hours=1), now=new_year)
