"""Action items: moved only with a reason, done only with evidence, finished by whom they belong to."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from portal.accounts.roles import Role
from portal.errors import DomainError, Invalid
from postmortems import action_items
from postmortems.models import ActionItem
from tests.conftest import person

pytestmark = pytest.mark.django_db


def test_done_needs_evidence(item, ana, noon):
    with pytest.raises(Invalid, match="what shows that it is done"):
        action_items.finish(item.pk, "  ", by=ana, at=noon)

    assert ActionItem.objects.get().status == "open"


def test_the_database_too_refuses_done_without_evidence(item):
    with pytest.raises(IntegrityError), transaction.atomic():
        ActionItem.objects.filter(pk=item.pk).update(status="done", finished_at="2026-03-03T12:00Z")


def test_done_sets_the_day_on_which_we_ask_whether_it_held(item, ana, noon):
    done = action_items.finish(item.pk, "drill FD-24", by=ana, at=noon)

    assert done.verify_by == (noon + timedelta(days=30)).date()
    assert done.version == 2


def test_moving_the_date_needs_a_reason_and_is_counted(item, ana, noon):
    with pytest.raises(Invalid, match="10 characters"):
        action_items.postpone(item.pk, noon.date(), "later", by=ana, at=noon)

    moved = action_items.postpone(item.pk, noon.date() + timedelta(days=3), "the vendor ships on Friday", by=ana, at=noon)

    assert moved.times_moved == 1


def test_a_declined_item_cannot_be_done_before_it_is_opened_again(item, ana, noon):
    action_items.decline(item.pk, "the service is retired in May", by=ana, at=noon)

    with pytest.raises(DomainError, match="declined and cannot become done"):
        action_items.finish(item.pk, "done anyway", by=ana, at=noon)


def test_the_owner_marks_it_done_on_its_page(client, item, ana):
    client.force_login(ana)

    response = client.post(reverse("action-done", args=[item.pk]), {"evidence": "https://example.org/change/7"})

    assert response.status_code == 302
    assert ActionItem.objects.get().status == "done"


def test_a_form_without_evidence_says_what_is_missing(client, item, ana):
    client.force_login(ana)

    response = client.post(reverse("action-done", args=[item.pk]), {"evidence": ""})

    assert response.status_code == 422
    assert "Say what shows that it is done." in response.content.decode()


def test_somebody_else_cannot_finish_it(client, item):
    client.force_login(person("Cleo"))

    response = client.post(reverse("action-done", args=[item.pk]), {"evidence": "trust me"})

    assert response.status_code == 403
    assert ActionItem.objects.get().status == "open"


def test_what_is_hidden_is_refused_by_the_api_in_the_words_of_what_does_not_exist(client, item, resolved, postmortem):
    resolved.is_restricted = True
    resolved.save()
    client.force_login(person("Cleo", Role.EDITOR))

    def asked(url: str, body: dict) -> tuple[int, str]:
        answer = client.post(url, body, content_type="application/json")
        return answer.status_code, re.sub(r"\d+", "N", answer.content.decode())

    hidden, unknown = asked("/api/postmortems/", {"incident": resolved.pk}), asked("/api/postmortems/", {"incident": 987654})
    assert hidden == unknown and hidden[0] == 400
    words = {"title": "A repair", "type": "prevent"}
    hidden, unknown = (asked("/api/action-items/", {**words, "postmortem": pk}) for pk in (postmortem.pk, 987654))
    assert hidden == unknown and hidden[0] in {400, 403}


def test_an_item_of_a_restricted_incident_is_not_there_for_others(client, item, resolved):
    resolved.is_restricted = True
    resolved.save()
    client.force_login(person("Cleo"))

    assert client.get(reverse("action-detail", args=[item.pk])).status_code == 404
    assert item.title not in client.get(reverse("action-list")).content.decode()
