"""Sections on the writing desk: saved alone, on a clash both texts come back, old ones are brought back, strangers see nothing."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.test import Client

from postmortems import writing
from postmortems.desk import SECTION
from postmortems.models import Postmortem


@pytest.fixture
def section(postmortem):
    return postmortem.sections.get(kind="root_cause")


def at(section, verb: str) -> str:
    return f"/desk/{SECTION}/{section.pk}/{verb}/"


def save(client, section, body: str, *, version: int, base: str = ""):
    return client.post(at(section, "save"), {"body": body, "version": version, "base": base})


def signed_in(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_a_save_answers_with_the_new_version_and_makes_one_history_row(section, ana):
    answer = save(signed_in(ana), section, "The **replica**\r\nwas behind.", version=1)

    section.refresh_from_db()
    assert answer.json()["version"] == section.version == 2
    assert answer.json()["body"] == section.body == "The **replica**\nwas behind."
    assert "<strong>replica</strong>" in answer.json()["html"]
    assert section.history.count() == 2
    assert section.history.first().history_user == ana


def test_the_second_of_two_gets_both_texts_and_one_that_holds_both_and_nothing_is_written(section, ana, ben):
    save(signed_in(ben), section, "Theirs", version=1)

    answer = save(signed_in(ana), section, "Mine", version=1)

    section.refresh_from_db()
    found = answer.json()
    assert (answer.status_code, found["version"], found["theirs"], found["merged"]) == (409, 2, "Theirs", "Theirs\nMine")
    assert "Ben</strong>" in found["html"] or "Ben saved this" in found["html"]
    assert section.body == "Theirs"
    assert section.history.count() == 2


def test_texts_are_escaped_where_they_are_compared(section, ana, ben):
    save(signed_in(ben), section, "<script>alert(1)</script>", version=1)

    html = save(signed_in(ana), section, "<img src=x onerror=alert(2)>", version=1).json()["html"]

    assert "<script>" not in html and "<img" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.django_db(transaction=True)
def test_of_many_who_save_at_once_one_wins_and_the_others_are_told(section, ana):
    answers = []

    def one(number):
        answers.append(save(signed_in(ana), section, f"text {number}", version=1).status_code)
        connection.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [200, 409, 409, 409, 409, 409]
    section.refresh_from_db()
    assert section.version == 2


def test_history_shows_the_words_that_changed(section, ana):
    client = signed_in(ana)
    save(client, section, "The replica was behind.", version=1)
    save(client, section, "The replica was 40 s behind.", version=2)

    page = client.get(at(section, "history"))

    assert "From revision 2 to 3" in page.content.decode()
    assert "<mark>40 s </mark>" in page.content.decode()


def test_an_old_text_is_brought_back_as_the_newest_revision(section, ana):
    client = signed_in(ana)
    save(client, section, "first", version=1)
    save(client, section, "second", version=2)
    old = section.history.get(version=2)

    answer = client.post(f"/desk/{SECTION}/{section.pk}/restore/{old.history_id}/", {"version": 3})

    section.refresh_from_db()
    assert answer.status_code == 302
    assert (section.body, section.version) == ("first", 4)
    assert "second" in section.history.values_list("body", flat=True)


def test_bringing_back_on_top_of_a_newer_save_is_refused(section, ana):
    client = signed_in(ana)
    save(client, section, "first", version=1)
    save(client, section, "second", version=2)
    old = section.history.get(version=2)

    answer = client.post(f"/desk/{SECTION}/{section.pk}/restore/{old.history_id}/", {"version": 2})

    section.refresh_from_db()
    assert (answer.status_code, section.body) == (409, "second")


def test_whoever_may_not_see_the_incident_sees_no_text_of_it(section, ana, ben):
    incident = section.postmortem.incident
    incident.is_restricted = True
    incident.save()
    incident.named.set([ben])
    stranger = signed_in(ana)

    assert not Postmortem.objects.visible_to(ana).exists()
    assert [stranger.get(at(section, "history")).status_code, save(stranger, section, "x", version=1).status_code] == [404, 404]
    assert stranger.get("/desk/no-such-text/1/history/").status_code == 404


def test_a_text_that_is_too_long_is_refused_with_its_length(section, ana, settings):
    answer = save(signed_in(ana), section, "x" * (settings.MARKDOWN_LIMIT + 1), version=1)

    section.refresh_from_db()
    assert answer.status_code == 400
    assert section.body == ""


def test_the_preview_is_the_servers_and_rests_after_thirty_a_minute(ana):
    client = signed_in(ana)

    answers = [client.post("/desk/preview/", {"body": "**bold** <script>alert(1)</script>"}) for _ in range(31)]

    assert "<strong>bold</strong>" in answers[0].content.decode()
    assert "<script>" not in answers[0].content.decode()
    assert [answer.status_code for answer in answers] == [200] * 30 + [429]


def test_without_script_the_form_shows_both_texts_and_a_second_save_keeps_mine(section, ana, ben, noon):
    client = signed_in(ana)
    page = client.get(f"/admin/postmortems/postmortem/{section.postmortem_id}/change/")
    form = fields_of(page)
    prefix = next(
        name.removesuffix("-id") for name, value in form.items() if name.endswith("-id") and value == str(section.pk) and "sections" in name
    )
    writing.save_section(section.pk, "Theirs", seen=1, at=noon)

    form[f"{prefix}-body"] = "Mine"
    clash = client.post(page.request["PATH_INFO"], form)

    assert clash.status_code == 200
    text = clash.content.decode()
    assert "Nothing is lost: here are both." in text
    assert "Mine</textarea>" in text and "Theirs" in text
    section.refresh_from_db()
    assert section.body == "Theirs"

    again = fields_of(clash)
    assert client.post(page.request["PATH_INFO"], again).status_code == 302
    section.refresh_from_db()
    assert section.body == "Mine"
    assert section.history.count() == 3


def fields_of(response) -> dict[str, str]:
    """What a browser would send for the change form of an answer, as read by Django's own form objects."""
    context = response.context_data
    forms = [context["adminform"].form]
    sent = {}
    for formset in context["inline_admin_formsets"]:
        forms += [formset.formset.management_form, *formset.formset.forms]
    for form in forms:
        for bound in form:
            value = bound.value()
            if value is not None and value is not False and value != []:
                sent[bound.html_name] = str(getattr(value, "pk", value))
            if bound.field.show_hidden_initial and value != []:
                initial = form.data.get(form.add_initial_prefix(bound.name)) if form.is_bound else bound.initial
                sent[bound.html_initial_name] = "" if initial is None else str(getattr(initial, "pk", initial))
    return sent
