"""Forms of timelines and action items that people use, one by one."""

from __future__ import annotations

import pytest

from postmortems.importing.reading import read

HEAD = "# Outage\n\n## Timeline\n\n"


def times(body: str, path: str = "2024-03-13-outage.md") -> list[str]:
    return [entry.moment.at.isoformat() if entry.moment.at else str(entry.moment.day or "?") for entry in read(HEAD + body, path).timeline]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "| Time | Event |\n|---|---|\n| 2024-03-13 14:05 | It broke |\n| 14:20 | It works |\n",
            ["2024-03-13T14:05:00+00:00", "2024-03-13T14:20:00+00:00"],
        ),
        ("| Date and Time in CET | What |\n|--|--|\n| 2024-03-13 14:05 | broke |\n", ["2024-03-13T14:05:00+01:00"]),
        (
            "- 2023-07-25 14:05 - noticed\n    - 14:09: restarted\n- 2023-07-26 08:00 - done\n",
            ["2023-07-25T14:05:00+00:00", "2023-07-25T14:09:00+00:00", "2023-07-26T08:00:00+00:00"],
        ),
        ("- **21:45 UTC** - deployed\n- **21:47 UTC** - errors\n", ["2024-03-13T21:45:00+00:00", "2024-03-13T21:47:00+00:00"]),
        ("14:05 It broke\n14:20 It works\n", ["2024-03-13T14:05:00+00:00", "2024-03-13T14:20:00+00:00"]),
        ("All times in EST.\n\n* 11:50pm It broke\n* 12:10am It works\n", ["2024-03-13T23:50:00-05:00", "2024-03-14T00:10:00-05:00"]),
        ("### ca. 18:30\n\nslow\n\n### 14:??\n\n", ["2024-03-13T18:30:00+00:00", "2024-03-13T14:00:00+00:00"]),
        ("- 17:14pm bad\n", ["2024-03-13T17:14:00+00:00"]),
        ("- 2024-03-13T14:05:11Z paged\n", ["2024-03-13T14:05:00+00:00"]),
        ("- [14:05] paged\n- [14:07] acknowledged\n", ["2024-03-13T14:05:00+00:00", "2024-03-13T14:07:00+00:00"]),
        ("- 99:99 no time at all\n- 2.5 requests\n", []),
        ("- 5 pods were gone\n- 10:1 in favour\n", []),
    ],
)
def test_a_timeline_in_any_of_its_forms_is_read(body, expected):
    assert times(body) == expected


def test_what_had_to_be_guessed_is_said():
    found = read("# Outage\n\n## Timeline\n\n- Mar 13 14:05 broke\n- 15:00 works\n- 14:30 was seen\n", "2024-outage.md")

    assert found.timeline[0].moment.at is None  # no year anywhere: no moment is invented
    assert "no zone is said: read as UTC" in found.timeline[0].moment.guesses
    dated = read("# 2024-03-13 Outage\n\n## Timeline\n\n- 15:00 works\n- 14:30 was seen\n", "x.md")
    assert dated.warnings == ["“14:30” comes after “15:00” but is earlier."]


def test_a_zone_that_contradicts_its_offset_is_a_warning_and_the_offset_counts():
    found = read(HEAD + "All times in PST (UTC-7)\n\n### 11:20\n\n", "2018-07-30.md")

    assert found.timeline[0].moment.at.isoformat() == "2018-07-30T11:20:00-07:00"
    assert found.warnings == ["PST is not UTC-7; read as UTC-7."]


@pytest.mark.parametrize(
    ("body", "title", "done"),
    [
        ("- [x] Add an alert\n", "Add an alert", True),
        ("- [ ] Add an alert\n", "Add an alert", False),
        ("- ~~Add an alert~~\n", "Add an alert", False),
        ("1. Add an alert (DONE)\n", "Add an alert (DONE)", True),
        ("1. Add an alert DONE in [PR 7](https://example.org/7)\n", "Add an alert DONE in PR 7", True),
        ("- ✅ Add an alert\n", "Add an alert", True),
        ("- Add an alert [issue](https://example.org/7)\n", "Add an alert", False),
        ("| Action | Owner | Due |\n|--|--|--|\n| Add an alert | Ana | 2024-04-01 |\n", "Add an alert", False),
    ],
)
def test_an_action_item_in_any_of_its_forms_is_read(body, title, done):
    [item] = read(f"# Outage\n\n## Action items\n\n{body}", "x.md").actions

    assert (item.title, item.done) == (title, done)


def test_owner_due_date_link_and_the_heading_above_are_kept():
    body = "## Action items\n\n### Alerts\n\n| Action | Owner | Due |\n|--|--|--|\n| Add it [T-7](https://example.org/7) | Ana | 2024-04-01 |\n"
    [item] = read(f"# Outage\n\n{body}", "x.md").actions

    assert (item.owner, item.due, item.url, item.tag) == ("Ana", "2024-04-01", "https://example.org/7", "Alerts")


def test_times_and_lists_inside_code_are_no_entries():
    found = read(HEAD + "```\n- 14:05 in a log\n## Action items\n- [ ] no\n```\n", "2024-03-13.md")

    assert (found.timeline, found.actions) == ([], [])


def test_nothing_of_a_document_is_lost_whatever_its_headings_are_called():
    body = "Before.\n\n# Outage\n\nFirst.\n\n## Weird heading\n\nSecond.\n\n## Root cause\n\nThird.\n\n### Deeper\n\nFourth.\n"
    kept = "\n".join(read(body, "x.md").sections.values())

    assert all(word in kept for word in ("Before.", "First.", "Second.", "Third.", "Fourth.", "Weird heading", "Deeper"))
