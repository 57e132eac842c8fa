"""Error patterns: the right lines of the right window, whatever the order, and messages mined into patterns."""

from __future__ import annotations

import os
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runbooks.diagnostics.probes import log_pass, log_reading, log_templates
from runbooks.diagnostics.probes.log_reading import Reading
from runbooks.diagnostics.probes.log_tally import WORDS, Tally
from runbooks.models import Target
from tests.runbooks.looking import is_a_finding, look

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


def written(path, lines):
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def line(at, level="ERROR", text="APITimeoutError: no answer", letter="T", zone="Z"):
    return f"{at:%Y-%m-%d}{letter}{at:%H:%M:%S}.123{zone} {level} agent.run {text}"


def counted(path, since, until):
    """What the reader counts: total, types, and what it noticed; line by line and in one pass alike."""
    reading, tally, quick = Reading(), Tally(templates=False), Tally(templates=False)
    for _, at, found in log_reading.lines(path, WORDS, since, until, reading):
        tally.add(at, found)
    log_pass.count(log_reading.pieces(path, since, until, Reading()), quick)
    assert (quick.total, quick.types) == (tally.total, tally.types)
    return tally.total, {kind.decode(): count for kind, count in tally.types.items()}, reading


def slowly(path, since, until):
    """The same by the plain way: every line, its time parsed, its level the third word."""
    found = Counter()
    for text in Path(path).read_text(errors="replace").splitlines():
        words = text.split()
        if len(words) > 3 and words[1] in {"ERROR", "CRITICAL"}:
            at = datetime.fromisoformat(words[0].replace("Z", "+00:00"))
            if since <= at.replace(microsecond=0) < until:
                found[words[3].rstrip(":")] += 1
    return dict(found)


def day(number, *, seed=1, shuffle=0):
    """Lines of a day, 8 % errors; `shuffle`: how many stretches are moved elsewhere."""
    chance = random.Random(seed)
    lines = []
    for n in range(number):
        at = NOON - timedelta(hours=12) + timedelta(seconds=86_400 * n / number)
        level = chance.choices(["INFO", "ERROR", "CRITICAL", "DEBUG"], [80, 7, 1, 12])[0]
        kind = chance.choice(["APITimeoutError", "RateLimitError", "ValidationError"])
        lines.append(line(at, level, f"{kind}: request {n} took ERROR {chance.random()} {'x' * chance.randint(0, 60)}"))
    for _ in range(shuffle):
        a, b = sorted(chance.sample(range(number), 2))
        lines[a : a + 2000], lines[b : b + 2000] = lines[b : b + 2000], lines[a : a + 2000]
    return lines


WINDOWS = [(-2, -1), (-12, 12), (-1, 0.01), (5, 6.5), (-20, -13), (13, 20), (-12, -11.99)]


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("shuffle", [0, 3])
def test_the_same_errors_are_counted_as_by_reading_every_line(tmp_path, window, shuffle):
    path = written(tmp_path / "agent.log", day(40_000, shuffle=shuffle))
    since, until = (NOON + timedelta(hours=hours) for hours in window)

    total, types, reading = counted(path, since, until)

    assert types == slowly(path, since, until)
    assert total == sum(types.values())
    assert reading.ordered is (shuffle == 0)


def test_a_log_in_order_is_not_read_from_end_to_end(tmp_path):
    path = written(tmp_path / "agent.log", day(60_000))

    _, _, reading = counted(path, NOON, NOON + timedelta(minutes=20))

    assert reading.read < os.path.getsize(path) / 20


def test_threads_that_overtake_each_other_are_no_disorder(tmp_path):
    lines = day(40_000)
    for n in range(0, 39_998, 7):
        lines[n], lines[n + 2] = lines[n + 2], lines[n]
    path = written(tmp_path / "agent.log", lines)
    since, until = NOON, NOON + timedelta(hours=1)

    _, types, reading = counted(path, since, until)

    assert types == slowly(path, since, until)
    assert reading.ordered


@settings(deadline=None, max_examples=60)
@given(
    moments=st.lists(st.integers(-3600, 3600), min_size=1, max_size=80),
    since=st.integers(-3600, 3600),
    length=st.integers(0, 3600),
    width=st.integers(0, 4000),
)
def test_any_file_and_any_window_agree_with_reading_every_line(tmp_path_factory, moments, since, length, width):
    path = written(tmp_path_factory.mktemp("any") / "any.log", [line(NOON + timedelta(seconds=m), text="SomeError: " + "x" * width) for m in moments])
    begin, end = NOON + timedelta(seconds=since), NOON + timedelta(seconds=since + length)

    assert counted(path, begin, end)[1] == slowly(path, begin, end)


HEADS = ["{stamp}Z ERROR ", "{stamp},123 ERROR ", "[{stamp}Z] [ERROR] ", "{stamp}Z INFO ERROR ", "{stamp}Z ERRORS ", "{stamp}Z CRITICAL ", "  ERROR "]
TAILS = [
    "agent.run APITimeoutError: late ERROR",
    "SomeError",
    "someSomeError late",
    "Request failed with SomeError",
    "no type",
    "A_B SomeError_x",
    "",
]


@settings(deadline=None, max_examples=150)
@given(found=st.lists(st.tuples(st.sampled_from(HEADS), st.sampled_from(TAILS), st.integers(-400, 400)), max_size=60), chunk=st.integers(40, 3000))
def test_one_pass_counts_what_counting_line_by_line_does(tmp_path_factory, found, chunk):
    path = tmp_path_factory.mktemp("any") / "any.log"
    stamps = [f"{NOON + timedelta(seconds=second):%Y-%m-%dT%H:%M:%S}" for _, _, second in found]
    path.write_text("".join(f"{head.format(stamp=stamp)}{tail}\n" for stamp, (head, tail, _) in zip(stamps, found, strict=True)))

    with mock.patch.object(log_reading, "CHUNK", chunk):  # so that the head is learned in one piece and used in the next
        counted(str(path), NOON - timedelta(seconds=150), NOON + timedelta(seconds=290))


def test_a_head_is_learned_from_a_line_and_fits_others_of_other_digits():
    [pattern] = {log_pass.expression(b"[2026-03-03 12:00:00,123] [77] ", log_reading.Shape(1, b" ", timedelta()))}

    assert pattern.findall(b"\n[2027-11-30 23:59:59,001] [12] ERROR agent SomeError") == [(b"2027-11-30 23:59", b"SomeError")]
    assert pattern.findall(b"\n[2027-11-30 23:59:59,001] [123] ERROR agent SomeError") == [(b"", b"")]


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("2026-03-03T11:59:00Z ERROR agent.run APITimeoutError: late", 1),
        ("2026-03-03 11:59:00,123 ERROR [worker-3] TimeoutError late", 1),
        ("2026-03-03 11:59:00,123 [worker-3] ERROR agent - late", 1),
        ("[2026-03-03T11:59:00Z] [ERROR] late", 1),
        ("2026-03-03T11:59:00Z CRITICAL out of memory ERROR", 1),
        ('{"time": "2026-03-03T11:59:00Z", "level": "error", "message": "late"}', 1),
        ('{"time": "2026-03-03T11:59:00Z", "levelname": "ERROR", "message": "an ERROR"}', 1),
        ("2026-03-03T11:59:00Z INFO handled ERROR of the provider", 0),
        ("2026-03-03T11:59:00Z WARNING agent ERROR follows", 0),
        ("2026-03-03T11:59:00Z INFO agent.run ERROR", 0),
        ('{"time": "2026-03-03T11:59:00Z", "level": "info", "message": "was \\"error\\""}', 0),
        ("2026-03-03T13:59:00+02:00 ERROR agent.run late", 1),
        ("2026-03-03T11:59:00+02:00 ERROR agent.run two hours ago", 0),
        ("2026-03-03T12:30:00Z ERROR agent.run later", 0),
    ],
)
def test_what_is_an_error_of_the_window(tmp_path, text, counts):
    path = written(tmp_path / "agent.log", [text])

    assert counted(path, NOON - timedelta(hours=1), NOON)[0] == counts


@pytest.mark.parametrize(
    "content", [b"", b"\n\n\n", b"ERROR", b"\x00\xff\xfe ERROR \x00" * 50, b"x" * 5_000_000, b"2026-03-03T11:59:00Z ERROR" + b"y" * 3_000_000]
)
def test_odd_files_are_read_without_trouble(tmp_path, content):
    path = tmp_path / "odd.log"
    path.write_bytes(content)

    total, _, _ = counted(str(path), NOON - timedelta(hours=1), NOON)

    assert total <= 1


def test_a_log_without_times_is_counted_whole_and_said(tmp_path, db):
    target = Target.objects.create(
        slug="log", kind="log", path=written(tmp_path / "plain.log", ["ERROR SomeError: one", "INFO fine", "ERROR SomeError: two"])
    )

    run = look("errors", target)

    assert run.result["document"]["total_errors"] == 2
    assert "no time that is known" in run.finding


def test_a_log_out_of_order_is_said(tmp_path, db):
    now = datetime.now(UTC)
    lines = [line(now - timedelta(minutes=30) + timedelta(seconds=n / 10), text="x" * 100) for n in range(9000)]
    target = Target.objects.create(slug="log", kind="log", path=written(tmp_path / "agent.log", lines[4000:] + lines[:4000]))

    run = look("errors", target)

    assert run.result["document"]["total_errors"] == 9000
    assert "not in order of time" in run.finding


def test_templates_bring_one_fault_into_one_line():
    messages = Counter(
        log_templates.masked(f"request {n} of user u-{n * 7}@example.org failed after {n}.5s: upstream 'node-{n}' refused") for n in range(500)
    )
    messages.update(log_templates.masked(f"cannot open file /var/data/{name}.bin for reading") for name in ("alpha", "beta", "gamma"))
    messages.update(["cache is cold"] * 4)

    found = log_templates.mined(messages)

    assert found[0][:2] == ("request <*> of user <*> failed after <*> upstream <*> refused", 500)
    assert ("cannot open file <*> for reading", 3) in [template[:2] for template in found]
    assert len(found) == 3


def test_templates_of_a_log_come_with_an_example(tmp_path, db):
    now = datetime.now(UTC)
    lines = [line(now - timedelta(minutes=1), text=f"ConnectionError: redis at 10.0.0.{n} password=hunter2hunter2 is gone") for n in range(40)]
    target = Target.objects.create(slug="log", kind="log", path=written(tmp_path / "agent.log", lines))

    run = look("error-templates", target)

    assert run.result["rows"][0][1:] == [40, 100.0]
    assert "redis at" in run.result["blocks"][0]["text"]
    assert "hunter2" not in str(run.result) + run.output


def test_rate_limits_are_counted_by_hour(tmp_path, db):
    now = datetime.now(UTC)
    lines = [line(now - timedelta(hours=hour), "WARNING", "RateLimitError: 429 Too Many Requests") for hour in (5, 3, 3, 3, 1) for _ in range(hour)]
    lines += [line(now, "INFO", "all is well")]
    target = Target.objects.create(slug="log", kind="log", path=written(tmp_path / "agent.log", lines))

    run = look("rate-limits", target)

    assert run.result["numbers"] == {"hits": 15, "peak": 9}
    assert len(run.result["rows"]) == 3


def test_rotated_files_are_read_together(tmp_path, db):
    now = datetime.now(UTC)
    written(tmp_path / "agent.log.1", [line(now - timedelta(minutes=50))] * 3)
    path = written(tmp_path / "agent.log", [line(now - timedelta(minutes=5))] * 2)
    target = Target.objects.create(slug="log", kind="log", path=path, options={"glob": "agent.log*"})

    assert look("errors", target).result["document"]["total_errors"] == 5


@pytest.mark.parametrize("slug", ["errors", "error-templates", "rate-limits"])
def test_a_log_that_is_not_there_is_a_finding(tmp_path, db, slug):
    assert is_a_finding(look(slug, Target.objects.create(slug="log", kind="log", path=str(tmp_path / "gone.log"))))
