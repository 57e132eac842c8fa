"""Two texts made one without losing a word, and differences that can be read. Pure."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.desk import diffs, merging

WORDS = st.sampled_from(["alpha", "beta", "gamma", "delta", "", "- item", "same"])
TEXTS = st.lists(WORDS, max_size=12).map("\n".join)


def shown(before: str, after: str) -> str:
    marks = {"same": " ", "added": "+", "removed": "-", "skipped": "…"}
    return "\n".join(marks[line.kind] + (str(line.skipped) if line.kind == "skipped" else line.text) for line in diffs.lines(before, after))


def test_what_only_one_changed_is_taken_over_from_both():
    base = "Cause\n\nThe replica was behind.\n\nFactors\n- one"

    merged = merging.merge(base, theirs=base.replace("behind", "40 s behind"), mine=base + "\n- two")

    assert merged.text == "Cause\n\nThe replica was 40 s behind.\n\nFactors\n- one\n- two"
    assert merged.collisions == 0


def test_where_both_changed_the_same_line_both_stand():
    merged = merging.merge("a\nold\nz", theirs="a\ntheirs\nz", mine="a\nmine\nz")

    assert merged.text == "a\ntheirs\nmine\nz"
    assert merged.collisions == 1


def test_two_who_began_from_nothing_both_stand():
    assert merging.merge("", theirs="theirs", mine="mine").text == "theirs\nmine"


def test_what_one_took_out_and_the_other_left_alone_is_gone():
    assert merging.merge("a\nb\nc", theirs="a\nc", mine="a\nb\nc\nd").text == "a\nc\nd"


@given(base=TEXTS, theirs=TEXTS, mine=TEXTS)
@settings(max_examples=400, deadline=None)
def test_no_line_that_either_added_is_ever_lost(base, theirs, mine):
    merged = set(merging.merge(base, theirs, mine).text.split("\n"))

    added = (set(theirs.split("\n")) | set(mine.split("\n"))) - set(base.split("\n"))
    assert added <= merged


@given(base=TEXTS, other=TEXTS)
@settings(max_examples=200, deadline=None)
def test_when_only_one_changed_the_result_is_that_text(base, other):
    assert merging.merge(base, other, base).text == other
    assert merging.merge(base, base, other).text == other
    assert merging.merge(base, other, other).text == other


@given(before=TEXTS, after=TEXTS)
@settings(max_examples=200, deadline=None)
def test_a_difference_holds_both_texts_whole(before, after):
    found = diffs.lines(before, after, context=99)

    if before != after:
        assert "\n".join(line.text for line in found if line.kind != "added") == before
        assert "\n".join(line.text for line in found if line.kind != "removed") == after


def test_changed_words_are_marked_inside_their_line():
    [removed, added] = diffs.lines("The replica was behind.", "The replica was 40 s behind.")

    assert [text for text, changed in added.parts if changed] == ["40 s "]
    assert not any(changed for _, changed in removed.parts)


def test_long_unchanged_stretches_are_folded_with_their_count():
    text = [f"line {number}" for number in range(40)]
    changed = [*text[:20], "new", *text[20:]]

    assert shown("\n".join(text), "\n".join(changed)) == "…18\n line 18\n line 19\n+new\n line 20\n line 21\n…18"


def test_equal_texts_have_no_difference_whatever_their_line_ends():
    assert diffs.lines("a\r\nb", "a\nb") == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("\n".join("xy"[n % 2] for n in range(32_000)), "\n".join("yx"[n % 3 == 0] for n in range(32_000))),
        ("\n".join(map(str, range(990))), "\n".join(map(str, reversed(range(990))))),
        (" ".join(map(str, range(9_000))), " ".join(map(str, reversed(range(9_000))))),
        ("\n".join("ab"[n % 2] for n in range(990)), "\n".join("ba"[n % 3 == 0] for n in range(990))),
    ],
    ids=["many short lines", "all turned round", "one long line", "two lines in turn"],
)
def test_no_text_of_the_largest_size_takes_long(before, after):
    started = time.perf_counter()

    diffs.lines(before, after)
    merging.merge(before, after, before + "\nmine")

    assert time.perf_counter() - started < 2
