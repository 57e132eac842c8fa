"""A postmortem starts in one click, is written section by section, and loses nobody's words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.forms import ModelMultipleChoiceField
from django.urls import reverse

from incidents.models import Incident
from portal.errors import DomainError, Stale
from postmortems import facts, writing
from postmortems.models import ActionItem, Postmortem
from postmortems.models.postmortem import REQUIRED
from tests.conftest import person

pytestmark = pytest.mark.django_db


def section(postmortem, kind):
    return postmortem.sections.get(kind=kind)


def fill_every_section(postmortem, noon):
    for part in postmortem.sections.all():
        writing.save_section(part.pk, "We learned something.", seen=part.version, at=noon)


def test_starting_shows_the_timeline_and_leaves_the_rest_to_write(client, postmortem, ana):
    client.force_login(ana)
    page = client.get(reverse("postmortem-detail", args=[postmortem.pk])).content.decode()

    assert "Acknowledged" in page
    assert "Alert fired: &lt;b&gt;AgentDown" in page
    assert [part.kind for part in postmortem.sections.all()] == REQUIRED
    assert postmortem.slug == "2026-03-03-all-agent-runs-fail"


def test_starting_twice_is_starting_once(postmortem, resolved, ana, noon):
    again = writing.start(resolved.pk, by=ana, at=noon)

    assert again == postmortem


def test_an_incident_that_still_runs_has_no_postmortem_yet(platform, ana, noon):
    running = Incident.objects.create(title="Slow", severity=2, opened_at=noon)

    with pytest.raises(DomainError, match="not resolved yet"):
        writing.start(running.pk, by=ana, at=noon)


def test_facts_follow_the_incident_until_publishing_keeps_them(postmortem, resolved, ana, noon):
    assert facts.of(postmortem).duration == timedelta(minutes=52)
    fill_every_section(postmortem, noon)
    published = writing.move(postmortem.pk, Postmortem.Status.PUBLISHED, by=ana, at=noon)

    resolved.milestones.update(at=noon - timedelta(hours=5))

    assert facts.of(published).duration == timedelta(minutes=52)
    assert facts.compute(resolved).duration == timedelta(hours=5)


def test_what_is_missing_keeps_it_from_being_published_and_is_said(postmortem, ana, noon):
    ActionItem.objects.create(postmortem=postmortem, title="Add a check", created_at=noon)

    with pytest.raises(writing.NotReady) as refusal:
        writing.move(postmortem.pk, Postmortem.Status.PUBLISHED, by=ana, at=noon)

    assert "“Root cause” is empty." in str(refusal.value)
    assert "“Add a check” needs an owner and a team and a due date." in str(refusal.value)


def test_a_section_saved_on_top_of_an_old_version_is_refused_and_kept_out(postmortem, noon):
    part = section(postmortem, "impact")
    writing.save_section(part.pk, "Ana's words", seen=1, at=noon)

    with pytest.raises(Stale):
        writing.save_section(part.pk, "Ben's words", seen=1, at=noon)

    assert section(postmortem, "impact").body == "Ana's words"


def desk(client, postmortem):
    """The admin page as a browser would post it back."""
    url = reverse("admin:postmortems_postmortem_change", args=[postmortem.pk])
    page = client.get(url)
    assert page.status_code == 200
    data = {}
    forms = [page.context["adminform"].form, *(form for inline in page.context["inline_admin_formsets"] for form in inline.formset.forms)]
    for form in forms:
        for bound in form:
            value = bound.value()
            nothing = [] if isinstance(bound.field, ModelMultipleChoiceField) else ""
            data[bound.html_name] = nothing if value is None else value
            if bound.field.show_hidden_initial:
                data[bound.html_initial_name] = data[bound.html_name]
    for inline in page.context["inline_admin_formsets"]:
        for bound in inline.formset.management_form:
            data[bound.html_name] = bound.value()
    return url, data


def field_of(data, postmortem, kind):
    """The name of a section's text field in the posted page."""
    pk = str(section(postmortem, kind).pk)
    prefix = next(
        name.removesuffix("-id") for name, value in data.items() if name.startswith("sections-") and name.endswith("-id") and str(value) == pk
    )
    return f"{prefix}-body"


def test_a_section_is_written_in_the_admin_with_one_history_row(client, postmortem, ana):
    client.force_login(ana)
    url, data = desk(client, postmortem)
    data[field_of(data, postmortem, "impact")] = "Every run failed for **52 minutes**."

    response = client.post(url, data)

    part = section(postmortem, "impact")
    assert response.status_code == 302
    assert "<strong>52 minutes</strong>" in part.body_html
    assert part.history.count() == 2
    assert section(postmortem, "lessons").history.count() == 1
    assert postmortem.history.count() == 1


def test_two_people_write_different_sections_and_both_are_kept(client, postmortem, ana):
    client.force_login(ana)
    url, first = desk(client, postmortem)
    _, second = desk(client, postmortem)
    first[field_of(first, postmortem, "impact")] = "Every run failed."
    second[field_of(second, postmortem, "lessons")] = "A rollback restores code, not state."

    answers = [client.post(url, first).status_code, client.post(url, second).status_code]

    assert answers == [302, 302]
    assert section(postmortem, "impact").body == "Every run failed."
    assert section(postmortem, "lessons").body == "A rollback restores code, not state."


def test_the_second_editor_of_a_section_is_told_keeps_the_text_and_may_put_it_on_top(client, postmortem, ana):
    client.force_login(ana)
    url, first = desk(client, postmortem)
    _, second = desk(client, postmortem)
    name = field_of(first, postmortem, "impact")
    first[name], second[name] = "Every run failed.", "Half of the runs failed."
    client.post(url, first)

    refused = client.post(url, second)

    assert refused.status_code == 200
    shown = refused.content.decode()
    assert "Someone saved this since you opened it." in shown
    assert "Half of the runs failed." in shown
    assert "Nothing is lost: here are both." in shown
    assert "Every run failed." in shown
    assert section(postmortem, "impact").body == "Every run failed."
    for inline in refused.context["inline_admin_formsets"]:
        for form in inline.formset.forms:
            for bound in form:
                second[bound.html_name] = "" if bound.value() is None else bound.value()
                if bound.field.show_hidden_initial and bound.html_initial_name in form.data:
                    second[bound.html_initial_name] = form.data[bound.html_initial_name]
    assert client.post(url, second).status_code == 302
    assert section(postmortem, "impact").body == "Half of the runs failed."


def test_an_action_item_is_added_beside_the_text(client, postmortem, ana, platform):
    client.force_login(ana)
    url, data = desk(client, postmortem)
    data |= {
        "action_items-TOTAL_FORMS": "1",
        "action_items-0-title": "Run old code against the new schema",
        "action_items-0-type": "prevent",
        "action_items-0-owner": ana.pk,
        "action_items-0-team": platform.pk,
        "action_items-0-due_on": "2026-03-10",
        "action_items-0-status": "open",
        "action_items-0-postmortem": postmortem.pk,
    }

    response = client.post(url, data)

    assert response.status_code == 302
    item = ActionItem.objects.get()
    assert (item.owner, item.team, str(item.due_on)) == (ana, platform, "2026-03-10")


def test_somebody_of_another_team_reads_the_desk_and_cannot_save(client, postmortem):
    stranger = person("Cleo")
    client.force_login(stranger)
    url = reverse("admin:postmortems_postmortem_change", args=[postmortem.pk])

    assert client.get(url).status_code == 200
    assert client.post(url, {"title": "Mine now"}).status_code == 403
    assert Postmortem.objects.get().title == "All agent runs fail"


def test_one_click_on_a_resolved_incident_leads_to_the_desk(client, resolved, ana):
    client.force_login(ana)

    response = client.post(reverse("postmortem-start", args=[resolved.pk]))

    assert response["Location"] == reverse("admin:postmortems_postmortem_change", args=[Postmortem.objects.get().pk])


def test_the_page_reads_in_the_order_of_the_eight_sections(client, postmortem, ana):
    client.force_login(ana)

    page = client.get(reverse("postmortem-detail", args=[postmortem.pk])).content.decode()

    order = [page.index(f'id="{name}"') for name in ("impact", "timeline", "root_cause", "went_well", "went_wrong", "actions", "lessons")]
    assert order == sorted(order)


def test_the_desk_asks_reviewers_and_adds_an_optional_section(client, postmortem, ana, ben):
    client.force_login(ana)
    url, data = desk(client, postmortem)

    response = client.post(url, data | {"ask_reviewers": [ben.pk], "add_section": "lucky"})

    assert response.status_code == 302
    assert postmortem.reviews.get().person == ben
    assert postmortem.sections.filter(kind="lucky").exists()
    assert postmortem.history.count() == 1


def test_a_lead_waives_with_a_reason_and_an_editor_may_not(client, postmortem, ana, ben):
    url = reverse("postmortem-waive", args=[postmortem.pk])
    client.force_login(ana)
    assert client.post(url, {"reason": "a duplicate of PM-1"}).status_code == 403
    client.force_login(ben)
    assert client.post(url, {"reason": "short"}).status_code == 422

    client.post(url, {"reason": "a duplicate of PM-1"})

    postmortem.refresh_from_db()
    assert (postmortem.status, postmortem.waived_because) == ("waived", "a duplicate of PM-1")


def bulk(client, action, items, **fields):
    chosen = {"action": action, "_selected_action": [item.pk for item in items]}
    return client.post(reverse("admin:postmortems_actionitem_changelist"), chosen | fields, follow=True).content.decode()


def test_many_items_are_given_moved_and_declined_at_once_and_each_refusal_is_said(client, postmortem, item, ana, ben, noon):
    client.force_login(ben)
    finished = ActionItem.objects.create(
        postmortem=postmortem, title="Done", team=postmortem.team, status="declined", declined_because="no", created_at=noon, finished_at=noon
    )

    page = bulk(client, "give_selected", [item, finished], owner=ben.pk)
    item.refresh_from_db()
    assert item.owner == ben
    assert "1 action item changed" in page
    assert f"{finished.reference} is declined" in page

    assert "Give a reason" in bulk(client, "postpone_selected", [item], due_on="2031-01-01", reason="no")
    bulk(client, "postpone_selected", [item], due_on="2031-01-01", reason="waits for the vendor")
    item.refresh_from_db()
    assert (str(item.due_on), item.times_moved) == ("2031-01-01", 1)

    bulk(client, "decline_selected", [item], reason="replaced by a rewrite")
    item.refresh_from_db()
    assert item.status == "declined"
