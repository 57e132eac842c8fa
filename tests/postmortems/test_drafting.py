"""A draft holds what the data tell, follows a corrected fact, asks what stands out, and keeps it all once it is published."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents import recording
from incidents.models import Incident, Milestone, Promise
from portal import journal
from portal.errors import DomainError, Invalid
from portal.models import Entry
from portal.notify.models import Message
from postmortems import facts, findings, lint, questions, writing
from postmortems.models import Postmortem, Template
from runbooks.models import DiagnosticRun, FollowedStep, Following, Runbook
from tests.postmortems.test_writing import fill_every_section

pytestmark = pytest.mark.django_db


def told(postmortem, user):
    return findings.of(postmortem, user)


@pytest.fixture
def eventful(resolved, ana, ben, platform, noon):
    """Detected late, paged twice before anybody answered, a promise broken, a step skipped, one silent stretch."""
    began = noon - timedelta(minutes=52)
    for name, minutes in (("detected", 9), ("acknowledged", 12), ("mitigated", 50)):
        Milestone.objects.create(incident=resolved, name=name, at=began + timedelta(minutes=minutes), recorded_at=noon)
    Promise.objects.create(
        incident=resolved, kind="update", made_at=began, due_at=began + timedelta(minutes=20), late_at=began + timedelta(minutes=25),
        settled_at=began + timedelta(minutes=31), verdict="late",
    )  # fmt: skip
    Promise.objects.create(
        incident=resolved, kind="first_update", made_at=began, due_at=began + timedelta(minutes=5), late_at=began + timedelta(minutes=5),
        settled_at=began + timedelta(minutes=4), verdict="kept",
    )  # fmt: skip
    for person, minute, state in ((ana, 2, "sent"), (ben, 9, "sent"), (ben, 9, "exhausted")):
        at = began + timedelta(minutes=minute)
        Message.objects.create(
            dedup_key=f"page:{person.pk}:{state}", purpose="page", channel="email", recipient=person, subject="s", body="b",
            about=resolved.subject, state=state, created_at=at, sent_at=at if state == "sent" else None,
        )  # fmt: skip
    runbook = Runbook.objects.create(title="Redis down", slug="redis-down", team=platform, body="x", version=3, created_at=noon, updated_at=noon)
    steps = [{"key": key, "title": title, "number": 1, "content": []} for key, title in (("a", "Look"), ("b", "Fail over"))]
    sections = [{"anchor": "mitigation", "title": "Mitigation", "kind": "mitigation", "blocks": [{"kind": "step", **step} for step in steps]}]
    following = Following.objects.create(runbook=runbook, about=resolved.subject, version=3, sections=sections, begun_by=ana, begun_at=noon)
    FollowedStep.objects.create(following=following, key="b", state="skipped", note="the replica was behind", by=ana, at=noon)
    DiagnosticRun.objects.create(
        diagnostic="redis-health", about=resolved.subject, asked_by=ana, state="done", finding="1 of 3 is down",
        queued_at=noon, started_at=noon, finished_at=noon,
    )  # fmt: skip
    return resolved


def test_the_draft_holds_what_the_data_tell(postmortem, eventful, ana):
    found = told(postmortem, ana)

    assert [(promise.what, promise.settled is None) for promise in found.missed] == [("Next update", False)]
    assert found.promises == 2
    assert [(page.person, page.why) for page in found.unanswered] == [
        ("Ana", "nobody acknowledged within 5 min"),
        ("Ben", "not handed over: the channel gave up"),
    ]
    assert found.pages == 3
    assert [(run.name, run.finding) for run in found.runs] == [("redis-health", "1 of 3 is down")]
    assert found.runbooks[0].skipped[0][1:] == ["Fail over", "the replica was behind"]


def test_a_silent_stretch_is_marked_with_both_its_ends(postmortem, eventful, ana, noon):
    journal.append(eventful.subject, kind="note", at=noon - timedelta(minutes=5), by=ana, text="Better")
    gap = next(entry for entry in told(postmortem, ana).timeline if entry.silent_before)

    assert (gap.silent_from, gap.moment) == (noon - timedelta(minutes=50), noon - timedelta(minutes=5))
    assert any("Nothing is told between 11:10 and 11:55 UTC" in hint for hint in lint.hints(postmortem, told(postmortem, ana)))


def test_an_entry_is_left_out_and_shown_again_and_a_corrected_one_corrects_the_draft(client, postmortem, resolved, ana, noon):
    note = journal.append(resolved.subject, kind="note", at=noon - timedelta(minutes=40), by=ana, text="note", body="Replica lost")
    client.force_login(ana)

    client.post(f"/postmortems/{postmortem.pk}/leave-out/", {"entry": note.pk, "out": "1"})
    assert note.pk not in [entry.entry for entry in told(postmortem, ana).chosen]

    client.post(f"/postmortems/{postmortem.pk}/leave-out/", {"entry": note.pk})
    recording.correct(resolved.pk, note.pk, "Replica was behind", by=ana, at=noon)
    assert "Replica was behind" in [entry.text for entry in told(postmortem, ana).chosen]


def test_an_entry_of_another_incident_cannot_be_left_out(postmortem, ana, noon):
    other = journal.append("incident:999", kind="note", at=noon, by=ana, text="else")

    with pytest.raises(Invalid):
        writing.leave_out(postmortem.pk, other.pk, out=True)


def test_the_data_ask_and_an_answer_stays_with_its_question(client, postmortem, eventful, ana):
    client.force_login(ana)
    asked = {question.key: question.text for question in questions.of(postmortem, told(postmortem, ana))}

    assert asked["detect"] == "Detected after 9 min (impact started 11:08 → detected 11:17 UTC). Why?"
    assert asked["mitigate"].startswith("Mitigated after 50 min (impact started 11:08 → mitigated 11:58 UTC); the target is 15 min.")
    assert asked["pages"] == "2 of 3 pages went unanswered (email). What kept them?"
    assert asked["promises"] == "1 of 2 promises were late or missed. What kept us?"
    assert asked["no-alert"] == "No alert fired. What should have noticed it?"
    assert any(text.startswith("Step 2 of “Redis down” was skipped: Fail over (the replica was behind).") for text in asked.values())

    client.post(f"/postmortems/{postmortem.pk}/answer/", {"key": "detect", "text": "The alert waits 10 min."})

    page = client.get(f"/postmortems/{postmortem.pk}/").content.decode()
    assert "The alert waits 10 min." in page
    assert "Not answered yet: Detected after" not in page
    assert "Not answered yet: 2 of 3 pages" in page


def test_publishing_keeps_what_the_data_told_with_questions_and_answers(postmortem, eventful, ana, noon):
    questions.answer(postmortem.pk, "detect", "The alert waits.", by=ana, at=noon)
    fill_every_section(postmortem, noon)
    before = told(postmortem, ana)
    writing.move(postmortem.pk, Postmortem.Status.PUBLISHED, by=ana, at=noon)

    Entry.objects.filter(subject=eventful.subject).update(text="rewritten")
    eventful.severity = 3
    eventful.save()
    published = Postmortem.objects.get()
    kept = told(published, ana)

    assert kept.timeline == before.chosen
    assert kept.missed == before.missed
    assert [question.answer for question in questions.of(published, kept) if question.key == "detect"] == ["The alert waits."]
    assert facts.changed_since(published) == ["Its severity changed: 1 then, 3 now."]
    with pytest.raises(DomainError, match="closed"):
        questions.answer(published.pk, "detect", "More", by=ana, at=noon)


def test_a_similar_incident_that_is_restricted_is_not_named(resolved, ana, noon):
    before = {"severity": 2, "service": resolved.service, "opened_at": noon, "status": "resolved", "resolved_at": noon}
    Incident.objects.create(title="Before, secret", is_restricted=True, **before)
    Incident.objects.create(title="Before", **before)
    again = Incident.objects.create(title="Again", **before)

    found = told(writing.start(again.pk, by=ana, at=noon), ana)

    assert {link.name.partition(" ")[2] for link in found.similar} == {"Before", "All agent runs fail"}


def test_a_template_of_the_team_and_severity_lays_out_its_sections(resolved, ana, platform, noon):
    for name, team, severity, kind in (("All", None, None, "summary"), ("Ours", platform, 1, "surprised"), ("SEV1", None, 1, "lucky")):
        Template.objects.create(name=name, team=team, severity=severity).sections.create(kind=kind, body=f"From {name}")

    started = writing.start(resolved.pk, by=ana, at=noon)

    assert started.sections.get(kind="surprised").body == "From Ours"
    assert not started.sections.filter(kind__in=["summary", "lucky"]).exists()


def test_the_whole_document_is_one_page_to_print(client, postmortem, eventful, ana):
    client.force_login(ana)

    page = client.get(f"/postmortems/{postmortem.pk}/page/").content.decode()

    for heading in ("Meta", "Impact", "Timeline", "Root cause", "Action items", "Lessons learned", "Questions the data ask", "What the data tell"):
        assert f">{heading}</h2>" in page


def test_a_comment_on_a_section_is_made_by_a_responder_and_settled_by_a_writer(client, postmortem, ana, ben):
    client.force_login(ben)
    client.post(f"/postmortems/{postmortem.pk}/comments/", {"section": "impact", "text": "How many tenants?"})
    found = postmortem.comments.get()
    assert (found.by, found.section.kind) == (ben, "impact")
    assert client.post(f"/postmortems/{postmortem.pk}/comments/", {"text": " "}).status_code == 422

    client.force_login(ana)
    client.post(f"/postmortems/{postmortem.pk}/comments/{found.pk}/settle/")

    found.refresh_from_db()
    assert found.settled_at


def test_a_picture_is_encoded_anew_and_what_is_none_is_refused(client, postmortem, ana, tmp_path, settings):
    import io

    from django.core.files.uploadedfile import SimpleUploadedFile
    from PIL import Image

    settings.MEDIA_ROOT = tmp_path
    client.force_login(ana)
    written = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(written, "PNG")

    client.post(f"/postmortems/{postmortem.pk}/pictures/", {"picture": SimpleUploadedFile("graph.png", written.getvalue())})

    picture = postmortem.pictures.get()
    shown = client.get(f"/postmortems/{postmortem.pk}/pictures/{picture.pk}/")
    assert (shown["Content-Type"], shown["Content-Security-Policy"]) == ("image/png", "default-src 'none'; sandbox")
    assert f"![graph](/postmortems/{postmortem.pk}/pictures/{picture.pk}/)" in client.get(f"/postmortems/{postmortem.pk}/").content.decode()
    refused = client.post(f"/postmortems/{postmortem.pk}/pictures/", {"picture": SimpleUploadedFile("x.png", b"plain text")})
    assert refused.status_code == 400
