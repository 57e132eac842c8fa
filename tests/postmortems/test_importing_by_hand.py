"""What the importer reads, beside what a person read."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from postmortems.importing.reading import read as read_whole
from tests.postmortems.by_hand import TABLE

pytestmark = pytest.mark.shared_data
ENOUGH = 0.9


def keys_of_moments(found) -> list[str]:
    return [
        f"{'~' if entry.moment.rough else ''}{entry.moment.at.astimezone(UTC):%Y-%m-%dT%H:%M}Z"
        if entry.moment.at
        else (entry.moment.day.isoformat() if entry.moment.day else "?")
        for entry in found
    ]


def in_utc(written: str) -> str:
    if "T" not in written:
        return written
    at = datetime.fromisoformat(written.removeprefix("~")).astimezone(UTC)
    return f"{'~' if written.startswith('~') else ''}{at:%Y-%m-%dT%H:%M}Z"


def read(shared_data, row):
    path = shared_data / "corpus" / row.path
    found = read_whole(path.read_text(encoding="utf-8"), row.path)
    return keys_of_moments(found.timeline), [("+" if item.done else "") + item.title for item in found.actions]


def same_action(expected: str, found: str) -> bool:
    return expected.startswith("+") == found.startswith("+") and found.lstrip("+").startswith(expected.lstrip("+"))


def test_timelines_and_action_items_are_read_as_a_person_reads_them(shared_data):
    hits, found_in_all, expected_in_all, rows = Counter(), Counter(), Counter(), []
    for row in TABLE:
        times, items = read(shared_data, row)
        expected = Counter(map(in_utc, row.moments))
        right_times = sum((expected & Counter(times)).values())
        right_items = sum(any(same_action(line, item) for item in items) for line in row.actions)
        name = row.path.rpartition("/")[2][:44]
        rows.append(f"{name:46} times {right_times}/{len(row.moments)} of {len(times)}   actions {right_items}/{len(row.actions)} of {len(items)}")
        for what, hit, found, known in (("times", right_times, times, row.moments), ("actions", right_items, items, row.actions)):
            hits[what] += hit
            found_in_all[what] += len(found)
            expected_in_all[what] += len(known)
    print("\n" + "\n".join(rows))
    for what in ("times", "actions"):
        precision, recall = hits[what] / found_in_all[what], hits[what] / expected_in_all[what]
        print(f"{what}: precision {precision:.3f}, recall {recall:.3f}, n {expected_in_all[what]}")
        assert precision >= ENOUGH and recall >= ENOUGH
