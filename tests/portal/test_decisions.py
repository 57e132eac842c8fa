"""The decision log: written with the act, read by whoever may see its subject."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from portal import decisions
from portal.errors import Invalid
from portal.models import Decision
from portal.search import documents
from portal.shelves import Shelf

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _kinds(monkeypatch):
    monkeypatch.setattr(decisions, "kinds", Shelf("kinds of decisions"))
    decisions.kinds.put("forced_close", "Closed with open points")
    decisions.kinds.put("late_date", "Date moved late")


def test_a_decision_names_who_when_and_why(client, ana, noon):
    decisions.record("forced_close", "incident:142", ana, noon, " Nobody is left to ask ", title="INC-142 Queue full", url="/incidents/142/")
    client.force_login(ana)

    html = client.get("/decisions/").content.decode()

    assert "Closed with open points" in html
    assert "Nobody is left to ask" in html
    assert '<a data-row href="/incidents/142/">INC-142 Queue full</a>' in html
    assert "3 Mar 12:00" in html or "3 Mar 2026 12:00" in html


def test_without_a_reason_there_is_no_decision(ana, noon):
    with pytest.raises(Invalid, match="Say why"):
        decisions.record("forced_close", "incident:142", ana, noon, "  \x00 ")
    with transaction.atomic(), pytest.raises(IntegrityError):
        Decision.objects.create(kind="forced_close", about="incident:142", by=ana, at=noon, reason="")


def test_a_kind_that_no_package_knows_is_a_mistake_of_the_code(ana, noon):
    with pytest.raises(ValueError, match="forced_open"):
        decisions.record("forced_open", "incident:142", ana, noon, "Because")


def test_decisions_about_what_a_person_may_not_see_are_not_there(client, ana, ben, noon, monkeypatch):
    hidden = Shelf("hidden keys")
    hidden.put("here", lambda user: set() if user == ana else {"incident:7"})
    monkeypatch.setattr(documents, "hidden_keys", hidden)
    decisions.record("forced_close", "incident:7", ana, noon, "Quiet reason")
    decisions.record("late_date", "postmortem:3", ana, noon, "Its postmortem", access="incident:7")

    answers = {}
    for person in (ana, ben):
        client.force_login(person)
        answers[person] = [client.get(url).content.decode() for url in ("/decisions/", "/decisions.csv", "/decisions/?about=incident:7")]

    assert all("Quiet reason" in answer for answer in answers[ana])
    assert not any("Quiet reason" in answer or "Its postmortem" in answer for answer in answers[ben])


def test_the_list_is_filtered_by_kind_and_subject_and_ignores_what_it_does_not_know(client, ana, noon):
    decisions.record("forced_close", "incident:1", ana, noon, "First reason")
    decisions.record("late_date", "action:9", ana, noon, "Second reason")
    client.force_login(ana)

    def shown(query):
        html = client.get(f"/decisions/{query}").content.decode()
        return ["First reason" in html, "Second reason" in html]

    assert shown("?kind=late_date") == [False, True]
    assert shown("?about=incident:1") == [True, False]
    assert shown("?kind=nonsense&page=-1") == [True, True]
    assert shown("?about=incident:1%00&kind=late_date") == [False, False]


def test_the_decisions_about_a_subject_stand_in_order(ana, noon):
    decisions.record("late_date", "incident:1", ana, noon + timedelta(hours=1), "later")
    decisions.record("forced_close", "incident:1", ana, noon, "sooner")
    decisions.record("forced_close", "incident:2", ana, noon, "other")

    assert [decision.reason for decision in decisions.of("incident:1")] == ["sooner", "later"]


def test_the_export_runs_nothing_in_a_spreadsheet(client, ana, noon):
    reasons = ["=1+1", " @SUM(A1)", "＝cmd", "-2", "\tx", 'He said "now"', "plain"]
    for minutes, reason in enumerate(reasons):
        decisions.record("late_date", "action:9", ana, noon - timedelta(minutes=minutes), f"x{reason}" if reason == "\tx" else reason)
    client.force_login(ana)

    answer = client.get("/decisions.csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode())))

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert rows[0] == ["at", "decision", "about", "title", "by", "reason"]
    assert [row[5] for row in rows[1:]] == ["'=1+1", "'@SUM(A1)", "'＝cmd", "'-2", "x\tx", 'He said "now"', "plain"]
