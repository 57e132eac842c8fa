"""Calendars of other tools are imported or refused with file and line; ours parse back, whatever people are called."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from oncall import feeds, ics, importing, rota
from oncall.models import Absence, Override, Rotation
from portal.accounts.models import User

pytestmark = pytest.mark.django_db
FILES = Path(__file__).parent.parent / "payloads/ics"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
EXPECTED = {
    "01-one-event-a-shift": [("Ana", "2026-12-07T08:00"), ("Ben", "2026-12-14T08:00")],
    "02-address-in-the-title": [("Ana", "2026-12-07T08:00")],
    "03-weekly-by-rule": [(("Ana", "Ben")[n % 2], f"{datetime(2026, 12, 7, 8) + timedelta(weeks=n):%Y-%m-%dT%H:%M}") for n in range(8)],
    "04-zone-spelled-out": [("Ana", "2027-03-26T08:00")],
    "05-windows-zone-names": [("Ana", "2026-12-07T08:00")],
    "06-whole-days": [("Ana", "2026-12-06T23:00")],
    "07-duration-and-exceptions": [
        ("Ben", "2026-12-07T08:00"),
        ("Ben", "2026-12-08T08:00"),
        ("Ana", "2026-12-10T10:00"),
        ("Ben", "2026-12-11T08:00"),
    ],
    "08-folded-and-escaped": [("Ana", "2026-12-07T08:00")],
    "09-cancelled-and-free": [("Ben", "2026-12-21T08:00")],
    "10-week-by-days-until": [("Ben", f"2026-12-{day:02}T03:00") for day in (8, 9, 10, 11, 12, 15, 16, 17, 18)],
}


def read(raw, file="file.ics"):
    return ics.read(raw, file, start=NOW, end=NOW + timedelta(days=366), zone=BERLIN)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_shapes_of_the_known_tools_are_imported(rotation, ana, ben, crew, name):
    importing.shifts(rotation.pk, (FILES / f"{name}.ics").read_bytes(), f"{name}.ics", by=ana, at=NOW)

    found = [(override.person.name, f"{override.starts_at:%Y-%m-%dT%H:%M}") for override in Override.objects.order_by("starts_at")]
    assert found == EXPECTED[name]


def test_importing_again_changes_nothing_and_the_imported_answer(rotation, ana, ben):
    raw = (FILES / "01-one-event-a-shift.ics").read_bytes()
    for _ in range(2):
        importing.shifts(rotation.pk, raw, "a.ics", by=ana, at=NOW)

    assert Override.objects.count() == 2
    assert rota.responder(rotation.team, "primary", datetime(2026, 12, 8, tzinfo=UTC)).person == ana


def test_a_name_that_nobody_has_is_refused_with_its_line_and_nothing_is_written(rotation, ana):
    raw = (FILES / "01-one-event-a-shift.ics").read_bytes().replace(b"Ben", b"Zoe").replace(b"ben@", b"zoe@")

    with pytest.raises(ics.Unreadable, match=r"team\.ics, line 16: “On Call - Zoe - Platform” names nobody here"):
        importing.shifts(rotation.pk, raw, "team.ics", by=ana, at=NOW)
    assert not Override.objects.exists()


@pytest.mark.parametrize(
    ("change", "line", "says"),
    [
        ((b"DTSTART:20261207T080000Z", b"DTSTART:20261399T080000Z"), 8, "DTSTART cannot be read"),
        ((b"DTEND:20261214T080000Z", b"DTEND:20251214T080000Z"), 5, "ends before it begins"),
        ((b"SUMMARY", b"no property here \r\nSUMMARY"), 10, "not a property"),
        ((b"END:VEVENT\r\n", b""), 11, "ends nothing that began"),
        ((b"END:VCALENDAR\r\n", b""), 1, "has no end"),
        ((b"SUMMARY:", b"RRULE:FREQ=SOMETIMES\r\nSUMMARY:"), 10, "RRULE cannot be read"),
        ((b"ana@", b"\xff\xfe@"), 10, "not UTF-8"),
        ((b"DTSTART:20261207T080000Z\r\n", b""), 5, "has no DTSTART"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(change, line, says):
    raw = (FILES / "02-address-in-the-title.ics").read_bytes().replace(*change)

    with pytest.raises(ics.Unreadable) as refusal:
        read(raw, "team.ics")

    assert str(refusal.value).startswith(f"team.ics, line {line}: ")
    assert says in str(refusal.value)


def test_1000_generated_calendars_are_read_or_refused_with_file_and_line():
    """Good ones and broken ones: pieces of the ten put together, bytes changed, lines lost, doubled and cut."""
    files = [path.read_bytes() for path in sorted(FILES.glob("*.ics"))]
    read_, refused = 0, 0
    for seed in range(1000):
        dice = random.Random(seed)
        raw = _generated(dice, dice.choice(files))
        try:
            events = read(raw, f"generated-{seed}.ics")
        except ics.Unreadable as refusal:
            refused += 1
            assert all(
                problem.file == f"generated-{seed}.ics" and 1 <= problem.line <= raw.count(b"\n") + raw.count(b"\r") + 2
                for problem in refusal.problems
            )
            assert f"generated-{seed}.ics, line " in str(refusal)
        else:
            read_ += 1
            assert all(event.starts_at < event.ends_at and event.starts_at.tzinfo for event in events)
    assert read_ > 200 and refused > 200, (read_, refused)


def _generated(dice, raw):
    lines = raw.split(b"\r\n")
    for _ in range(dice.randint(0, 3)):
        place = dice.randrange(len(lines))
        damage = dice.choice(["lose", "double", "cut", "byte", "number", "none", "none", "fold"])
        if damage == "lose":
            del lines[place]
        elif damage == "double":
            lines.insert(place, lines[place])
        elif damage == "cut":
            lines[place] = lines[place][: dice.randint(0, len(lines[place]))]
        elif damage == "byte" and lines[place]:
            at = dice.randrange(len(lines[place]))
            lines[place] = lines[place][:at] + bytes([dice.randrange(256)]) + lines[place][at + 1 :]
        elif damage == "number":
            lines[place] = b"".join(bytes([dice.choice(b"0123456789")]) if chr(c).isdigit() else bytes([c]) for c in lines[place])
        elif damage == "fold" and len(lines[place]) > 4:
            lines[place] = lines[place][:3] + b"\r\n " + lines[place][3:]
    return dice.choice([b"\r\n", b"\n"]).join(lines)


HOSTILE = ["Ana\r\nEND:VCALENDAR", "A;B,C\\N:D", "‮evil", "x" * 120, "\x00\x07", "🙂 Ünï", '"quoted"', "BEGIN:VEVENT", "a\u2028b", "  "]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_never_breaks_a_feed(rotation, ana, name):
    name = name.replace("\x00", "\x01")  # PostgreSQL keeps no NUL
    User.objects.filter(pk=ana.pk).update(name=name[:120])
    Rotation.objects.filter(pk=rotation.pk).update(name=f"{name} rota"[:120])
    feed, _ = feeds.make(ana, rotation, at=NOW)
    feed.refresh_from_db()

    raw = feeds.write(feed, NOW)

    parsed = Calendar.from_ical(raw)
    assert not any(event.errors for event in parsed.walk("VEVENT"))
    assert len(parsed.walk("VEVENT")) == 28
    assert raw.count(b"BEGIN:VCALENDAR\r\n") == raw.count(b"END:VCALENDAR\r\n") == 1


def test_a_feed_parses_back_to_the_shifts_of_the_rota(rotation, ana):
    feed, _ = feeds.make(ana, None, at=NOW)

    events = ics.read(feeds.write(feed, NOW), "feed.ics", start=NOW, end=NOW + timedelta(days=100), zone=BERLIN)

    spans = [span for _, row in rota.coming(NOW, NOW + timedelta(days=100)) for span in row if span.person == ana]
    assert [(event.starts_at, event.ends_at) for event in events] == [(span.starts_at, span.ends_at) for span in spans]


def test_the_secret_is_hashed_revocable_and_the_newest_only(rotation, ana):
    first, secret = feeds.make(ana, None, at=NOW)
    assert secret not in str(vars(first)) and len(secret) > 30
    assert feeds.find(secret, NOW) == first

    _, newer = feeds.make(ana, None, at=NOW)
    assert feeds.find(secret, NOW) is None
    feeds.revoke(ana, None, at=NOW)
    assert feeds.find(newer, NOW) is None


def test_absences_are_taken_over_and_what_vanished_from_the_calendar_is_gone(ana):
    raw = (FILES / "06-whole-days.ics").read_bytes()
    importing.absences(ana, raw, "a.ics", at=NOW)
    assert [absence.note for absence in Absence.objects.all()] == ["Ana"]

    importing.absences(ana, raw.replace(b"day-1", b"day-2"), "a.ics", at=NOW)
    assert [absence.source.partition("@")[0] for absence in Absence.objects.all()] == ["day-2"]
