"""How a text divides into sections."""

from __future__ import annotations

import time

import pytest

from runbooks.sections import MOST, kind_of, split


def titles(source):
    return [part.title for part in split(source)]


def test_headings_of_two_levels_divide_and_deeper_ones_do_not():
    parts = split("Before.\n\n# One\n\n### Inside\n\ntext\n\n## Two ##\n\nend")

    assert [(part.title, part.body) for part in parts] == [("", "Before."), ("One", "### Inside\n\ntext"), ("Two", "end")]


def test_underlined_headings_divide_and_rules_and_tables_do_not():
    assert titles("One\n===\n\ntext\n\nTwo\n---\n\nmore\n\n---\n\n- item\n---\n\n| a | b |\n---") == ["One", "Two"]


@pytest.mark.parametrize(
    "code",
    [
        "```\n# no heading\n```",
        "~~~ sh\n## no\n```\n# no\n~~~",
        "1. Do\n\n    ```console\n# no\n    ```",
        "````\n```\n# no\n````",
        "```\n# never closed",
    ],
)
def test_a_comment_in_code_is_no_heading(code):
    assert titles(f"# One\n\n{code}\n") == ["One"]


def test_anchors_are_unique_and_in_any_language():
    parts = split("## Step\n\n## Step 2\n\n## Step\n\n## Schritt für Köln\n\n## 故障\n\n## !!!\n\n## Main")

    assert [part.anchor for part in parts] == ["step", "step-2", "step-3", "schritt-für-köln", "故障", "section", "main-2"]


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Symptoms", "symptoms"),
        ("Customer impact", "impact"),
        ("Diagnosis and mitigation", "diagnosis"),
        ("How to mitigate", "mitigation"),
        ("Verify it", "verification"),
        ("When to escalate", "escalation"),
        ("Notes", "background"),
    ],
)
def test_a_section_is_known_by_its_title(title, kind):
    assert kind_of(title) == kind


def test_marks_are_left_out_of_titles():
    assert titles("## **Use** `kubectl` and [this](https://x.example)") == ["Use kubectl and this"]


def test_diagnostic_blocks_are_read_also_inside_a_step():
    [part] = split(
        "## Diagnosis\n\n1. Look\n\n    ```diagnostic\n    stale-jobs\n    age: 300\n    ```\n\n```diagnostic\n```\n\n```diagnostic\nerrors\n```"
    )

    assert part.diagnostics == [{"name": "stale-jobs", "options": {"age": "300"}}, {"name": "errors", "options": {}}]


def test_an_empty_text_has_no_sections():
    assert split(" \n\n") == []


def test_headings_without_end_stay_bounded_and_lose_nothing():
    source = "\n".join(f"# {number}\ntext {number}" for number in range(8000))
    before = time.monotonic()

    parts = split(source)

    assert len(parts) == MOST
    assert "text 7999" in parts[-1].body
    assert time.monotonic() - before < 2
