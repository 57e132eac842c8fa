"""Saving a runbook."""

from __future__ import annotations

import pytest

from portal.errors import Invalid, Stale
from portal.markdown import rerender
from portal.markdown.render import Html
from portal.models import Due
from portal.search.models import SearchDocument
from runbooks import editing
from runbooks.models import Runbook, RunbookAlias, Section


def test_one_save_is_one_version_one_line_of_history_and_new_sections(write, ana, noon):
    runbook = write(body="## Symptoms\n\nold\n\n## Impact\n\nsame")
    runbook.body = "## Symptoms\r\n\r\nnew\x00\n\n## Mitigation\n\nwait"

    editing.save(runbook, seen=1, by=ana, at=noon)

    stored = Runbook.objects.get()
    assert (stored.version, stored.history.count(), stored.history.first().history_user) == (2, 2, ana)
    assert [(section.anchor, section.kind, section.body) for section in stored.sections.all()] == [
        ("symptoms", "symptoms", "new"),
        ("mitigation", "mitigation", "wait"),
    ]


def test_a_section_keeps_its_identity_while_its_anchor_stays(write, ana, noon):
    runbook = write(body="## Symptoms\n\nold")
    before = Section.objects.get().pk
    runbook.body = "## First\n\nx\n\n## Symptoms\n\nnew"

    editing.save(runbook, seen=1, by=ana, at=noon)

    assert Section.objects.get(anchor="symptoms").pk == before


def test_the_second_of_two_editors_is_told_and_nothing_is_lost(write, ana, noon):
    runbook = write(body="## Symptoms\n\nold")
    first, second = Runbook.objects.get(), Runbook.objects.get()
    first.body, second.body = "## Symptoms\n\nfirst", "## Symptoms\n\nsecond"
    editing.save(first, seen=1, by=ana, at=noon)

    with pytest.raises(Stale):
        editing.save(second, seen=1, by=ana, at=noon)

    assert Section.objects.get(runbook=runbook).body == "first"


def test_search_finds_each_section_by_the_names_of_its_alerts(write):
    runbook = write(body="## Symptoms\n\nRequests fail.", alerts=["AgentHighErrorRate"])

    rows = SearchDocument.objects.filter(group=runbook.subject)

    assert {row.key: row.url for row in rows} == {
        "runbook:high-error-rate": "/runbooks/high-error-rate/",
        "runbook:high-error-rate#symptoms": "/runbooks/high-error-rate/#symptoms",
    }
    assert [row.part for row in rows if "AgentHighErrorRate" in row.names] == [0]
    assert all(row.label == "unproven" for row in rows)


def test_an_alert_has_one_runbook(write):
    write("One", alerts=["AgentDown"])

    with pytest.raises(Invalid, match="AgentDown already leads to “One”"):
        write("Two", alerts=["AgentDown"])

    assert Runbook.objects.get().title == "One"


def test_an_alert_that_was_taken_off_is_free_again(write, ana, noon):
    one = write("One", alerts=["A", "B"])

    editing.save(one, seen=1, by=ana, at=noon, aliases=["B"])
    write("Two", alerts=["A"])

    assert {alias.alertname: alias.runbook.title for alias in RunbookAlias.objects.all()} == {"A": "Two", "B": "One"}


def test_a_text_that_is_too_long_is_refused_with_its_count(write, settings):
    with pytest.raises(Invalid, match="65,537"):
        write(body="x" * (settings.MARKDOWN_LIMIT + 1))

    assert not Runbook.objects.exists()


def test_two_runbooks_with_one_title_get_two_addresses(write):
    assert [write("Same title").slug, write("Same title").slug, write("故障").slug] == ["same-title", "same-title-2", "runbook"]


def test_what_nobody_had_time_to_format_is_readable_now_and_formatted_soon(write, noon, monkeypatch):
    from portal.markdown import render, worker

    def busy(question):
        raise worker.Busy

    monkeypatch.setattr(worker, "ask", busy)
    write(body="## Symptoms\n\n**fail**")

    section = Section.objects.get()
    assert "**fail**" in section.body_html and render.may_show(section.body_html_key)
    assert set(Due.objects.filter(kind=rerender.DUE).values_list("key", flat=True)) == {
        f"runbooks.section:{section.pk}",
        f"runbooks.body:{section.runbook_id}",
    }


def test_what_is_too_complex_as_a_whole_is_not_tried_in_pieces(monkeypatch):
    from portal.markdown import render

    asked = []
    monkeypatch.setattr(render, "to_html", lambda source, **kwargs: asked.append(source) or Html("", render.key_of(source), plain=True))

    prepared = editing.prepare("## One\n\n<a>\n\n## Two\n\nb")

    assert len(asked) == 1
    assert [("&lt;a&gt;" in html.html, html.plain) for _, html in prepared.parts] == [(True, True), (False, True)]
