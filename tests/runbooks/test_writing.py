"""Writing a runbook on its page, its history, and edits suggested by those who may not publish."""

from __future__ import annotations

import pytest
from django.urls import reverse

from portal.accounts.roles import Role
from portal.errors import DomainError, Invalid, NotAllowed, Stale
from portal.notify.models import Message
from runbooks import editing, matchers, matching, suggesting
from runbooks.models import Runbook, Suggestion
from tests.conftest import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client, ana):
    client.force_login(ana)
    return client


def fields(runbook, **changed):
    """What the page's form holds for this runbook, with its hidden initials."""
    shown = {"title": runbook.title, "summary": runbook.summary, "body": runbook.body, "aliases": "", "matchers": "", "owner": ""}
    shown |= {"team": runbook.team_id}
    return {**shown, **{f"initial-{name}": value for name, value in shown.items()}, "seen_version": runbook.version, **changed}


def test_a_runbook_is_written_and_changed_on_its_page(signed_in, team, service):
    page = signed_in.get(reverse("runbook-new") + "?title=QueueFull&aliases=QueueFull").content.decode()
    made = {"title": "Queue full", "body": "## Look\r\n\r\nAt it.", "aliases": "QueueFull", "matchers": 'team="db"', "team": team.pk}
    answer = signed_in.post(reverse("runbook-new"), {**made, "services": [service.pk]})

    runbook = Runbook.objects.get(slug="queue-full")
    assert 'value="QueueFull"' in page and answer.url == runbook.get_absolute_url()
    assert runbook.body == "## Look\n\nAt it." and list(runbook.services.all()) == [service]
    assert matching.for_alertname("QueueFull") == runbook and runbook.matchers == [["team", "=", "db"]]

    signed_in.post(reverse("runbook-edit", args=[runbook.slug]), fields(runbook, body="## Look\n\nTwice."))
    assert [row.body for row in runbook.history.all()] == ["## Look\n\nTwice.", "## Look\n\nAt it."]
    assert list(runbook.sections.values_list("body", flat=True)) == ["Twice."]


def test_saving_what_nobody_changed_makes_no_version(signed_in, write):
    runbook = write()
    signed_in.post(reverse("runbook-edit", args=[runbook.slug]), fields(runbook))
    assert Runbook.objects.get().version == runbook.version and runbook.history.count() == 1


def test_the_second_of_two_editors_sees_both_texts_and_none_is_lost(signed_in, write, ana, noon):
    runbook = write(body="## A\n\none")
    opened = fields(runbook, body="## A\n\nmine")
    runbook.body = "## A\n\ntheirs"
    editing.save(runbook, seen=1, by=ana, at=noon)

    answer = signed_in.post(reverse("runbook-edit", args=[runbook.slug]), opened)

    page = answer.content.decode()
    assert answer.status_code == 422 and "theirs" in page and "mine" in page
    assert Runbook.objects.get().body == "## A\n\ntheirs"


def test_an_old_text_is_brought_back_from_the_history(signed_in, write, ana, noon):
    runbook = write(body="## A\n\nfirst")
    runbook.body = "## A\n\nsecond"
    editing.save(runbook, seen=1, by=ana, at=noon)
    first = runbook.history.earliest()

    page = signed_in.get(reverse("desk-history", args=["runbook", runbook.pk])).content.decode()
    signed_in.post(reverse("desk-restore", args=["runbook", runbook.pk, first.history_id]), {"version": 2})

    again = Runbook.objects.get()
    assert "second" in page and (again.body, again.version) == ("## A\n\nfirst", 3)
    assert again.sections.get().body == "first"


def test_the_name_of_another_page_is_no_address(write):
    assert write("New").slug == "new-2" and write("Import").slug == "import-2"


@pytest.mark.parametrize("line", ["team", "1x='a'", 'team~"a"'])
def test_what_is_no_matcher_is_refused_with_the_line(line):
    with pytest.raises(Invalid, match="is no matcher"):
        matchers.from_lines(f'a="b"\n{line}')


def test_matchers_come_back_as_they_were_written():
    lines = 'team="db"\nalertname=~"Pg.*|My.*"\nstage!="test"'
    assert matchers.as_lines(matchers.from_lines(lines)) == lines


def test_a_responder_suggests_and_an_editor_takes_it_over(client, write, ana, ben, noon):
    runbook = write(body="## A\n\none\n\n## B\n\ntwo")
    suggestion = suggesting.suggest(runbook, "## A\n\none\n\n## B\n\nthree", seen=1, note="Two is gone", by=ben, at=noon)
    runbook.body = "## A\n\nuno\n\n## B\n\ntwo"
    editing.save(runbook, seen=1, by=ana, at=noon)
    client.force_login(ana)
    page = client.get(reverse("runbook-suggestion", args=[suggestion.pk])).content.decode()
    assert "Two is gone" in page and "The runbook changed since" in page

    both = suggesting.merged(Suggestion.objects.get()).text
    client.post(reverse("runbook-suggestion", args=[suggestion.pk]), {"body": both, "version": 2, "do": "take", "answer": "Right."})

    again = Runbook.objects.get()
    assert again.body == "## A\n\nuno\n\n## B\n\nthree" and again.version == 3
    assert again.history.latest().history_user == ana and again.history.latest().history_change_reason == "suggested by Ben"
    assert Suggestion.objects.get().state == "taken" and Message.objects.get(recipient=ben).about == runbook.subject


def test_an_editor_declines_with_a_reason(write, ana, ben, noon):
    suggestion = suggesting.suggest(write(), "Other", seen=1, by=ben, at=noon)
    with pytest.raises(Invalid):
        suggesting.decline(suggestion.pk, " ", by=ana, at=noon)
    suggesting.decline(suggestion.pk, "It is true as it stands.", by=ana, at=noon)
    with pytest.raises(DomainError, match="decided already"):
        suggesting.take(suggestion.pk, "Other", seen=1, by=ana, at=noon)
    assert Runbook.objects.get().version == 1 and "It is true" in Message.objects.get(recipient=ben).body


def test_a_suggestion_is_never_put_over_a_later_save(write, ana, ben, noon):
    runbook = write()
    suggestion = suggesting.suggest(runbook, "Other", seen=1, by=ben, at=noon)
    runbook.body = "Newer"
    editing.save(runbook, seen=1, by=ana, at=noon)
    with pytest.raises(Stale):
        suggesting.take(suggestion.pk, "Other", seen=1, by=ana, at=noon)
    assert Runbook.objects.get().body == "Newer" and Suggestion.objects.get().state == "open"


def test_who_may_not_publish_suggests_and_does_not_decide(client, write, ben, noon):
    runbook = write()
    client.force_login(ben)
    assert client.get(reverse("runbook-edit", args=[runbook.slug])).url == reverse("runbook-suggest", args=[runbook.slug])
    client.post(reverse("runbook-suggest", args=[runbook.slug]), {"body": "Mine", "note": "why", "version": 1})
    suggestion = Suggestion.objects.get()
    assert (suggestion.body, suggestion.by) == ("Mine", ben)
    assert client.post(reverse("runbook-suggestion", args=[suggestion.pk]), {"body": "Mine", "version": 1, "do": "take"}).status_code == 403
    with pytest.raises(NotAllowed):
        suggesting.suggest(runbook, "x", seen=1, by=person("Vic", Role.VIEWER), at=noon)
    with pytest.raises(Invalid, match="Nothing is changed"):
        suggesting.suggest(runbook, runbook.body, seen=1, by=ben, at=noon)


def test_open_suggestions_wait_for_whoever_keeps_the_runbook(write, ana, ben, noon):
    suggesting.suggest(write(), "Other", seen=1, by=ben, at=noon)
    assert [need.what for need in suggesting.needs(ana, noon)] == ["Read an edit for “High error rate”"]
    assert suggesting.needs(ben, noon) == []
