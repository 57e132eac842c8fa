"""Runbooks and templates of updates on the writing desk: saved alone by version, both texts on a clash, an editor in the admin."""

from __future__ import annotations

import pytest
from django.urls import reverse

from incidents import template_desk, templating
from incidents.models import UpdateTemplate
from oncall.models import Team
from runbooks import desk, editing
from runbooks.models import Runbook

pytestmark = pytest.mark.django_db


@pytest.fixture
def template(noon):
    templating.lay_out(noon)
    return UpdateTemplate.objects.get(kind="initial", audience="public")


@pytest.fixture
def runbook(admin_user, noon):
    team = Team.objects.create(name="Crew", slug="crew")
    return editing.save(Runbook(title="Queue stands still", body="Look.", team=team), by=admin_user, at=noon)


def sent(client, name, row, body, *, version):
    return client.post(reverse("desk-save", args=[name, row.pk]), {"body": body, "base": row.body, "version": version})


def test_a_runbook_is_saved_alone_and_its_sections_follow(client, admin_user, runbook):
    client.force_login(admin_user)

    saved = sent(client, desk.BODY, runbook, "## Mitigation\n\nRestart **it**.", version=1)

    runbook.refresh_from_db()
    assert saved.json()["version"] == runbook.version == 2
    assert "<strong>it</strong>" in runbook.body_html and runbook.sections.filter(title="Mitigation").exists()
    assert runbook.history.count() == 2


def test_a_template_is_saved_alone_and_a_stale_save_shows_both_texts(client, admin_user, template):
    client.force_login(admin_user)

    first = sent(client, template_desk.TEMPLATE, template, "{title}: we are looking.", version=1)
    second = sent(client, template_desk.TEMPLATE, template, "{title}: patience.", version=1)

    template.refresh_from_db()
    assert (first.status_code, second.status_code) == (200, 409)
    assert second.json()["theirs"] == template.body == "{title}: we are looking."
    assert "patience" in second.json()["merged"]


@pytest.mark.parametrize("body", ["", " \n", "x" * 10_001])
def test_a_template_without_words_or_with_too_many_is_refused(client, admin_user, template, body):
    client.force_login(admin_user)

    assert sent(client, template_desk.TEMPLATE, template, body, version=1).status_code == 400


def test_others_read_the_history_and_save_nothing(client, ana, template, runbook):
    client.force_login(ana)

    for name, row in ((desk.BODY, runbook), (template_desk.TEMPLATE, template)):
        assert client.get(reverse("desk-history", args=[name, row.pk])).status_code == 200
        assert sent(client, name, row, "Mine", version=1).status_code == 403


def test_the_admin_edits_both_on_the_desk(client, admin_user, template, runbook):
    client.force_login(admin_user)

    for name, url, row in (
        ("runbook", "admin:runbooks_runbook_change", runbook),
        ("update-template", "admin:incidents_updatetemplate_change", template),
    ):
        page = client.get(reverse(url, args=[row.pk])).content.decode()
        assert f'data-save="/desk/{name}/{row.pk}/' in page and "desk.js" in page
