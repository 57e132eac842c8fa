"""A restricted incident is not there for others: no list, count, search, suggestion, feed, export or metric knows it."""

from __future__ import annotations

import pytest
from django.urls import reverse

from incidents import communications, lifecycle, measures, panels, restricting
from incidents.communications import Words
from incidents.models import Incident
from incidents.status_page import publishing
from portal.search import documents
from tests.conftest import person

pytestmark = pytest.mark.django_db
WORD = "Zanzibarquake"


@pytest.fixture
def secret(runner, ana, noon, settings, tmp_path):
    """Told to the public first, then restricted to Ana."""
    settings.STATUS_PAGE_DIR = tmp_path
    incident = lifecycle.declare(title=f"{WORD} leak", severity=1, service=runner, summary=WORD, by=ana, at=noon)
    lifecycle.acknowledge(incident.pk, by=ana, at=noon)
    words = Words(kind="initial", internal=WORD, public=WORD, next_at=noon.replace(hour=13), on_status_page=True)
    communications.post(incident.pk, words, key="k", by=ana, at=noon)
    return restricting.restrict(incident.pk, named=[ana], by=ana, at=noon)


@pytest.mark.parametrize(
    "url", ["/", "/incidents/", "/incidents/?state=all", f"/search/?q={WORD}", f"/api/search/?q={WORD}", "/api/incidents/", "/decisions/", "/alerts/"]
)
def test_no_page_of_another_responder_names_it(client, secret, ben, url):
    client.force_login(ben)
    found = client.get(url).content.decode()

    assert (
        WORD not in found.replace(f'value="{WORD}"', "").replace(f"<title>{WORD}", "").replace(f"?q={WORD}", "").replace(f"“{WORD}”", "")
        and f"/incidents/{secret.pk}/" not in found
    )


def test_it_is_in_no_count_no_metric_and_no_public_file(secret, ben, noon):
    publishing.write(noon)

    assert panels.open_count(ben, noon)["incidents"].number == 0
    assert panels.open_incidents(ben, noon) is None
    assert [sample.value for family in measures.incidents(noon) for sample in family.samples if sample.value] == []
    assert all(WORD not in publishing.read(name) for name in publishing.FILES)
    assert secret.subject in documents.hidden_from(ben)


@pytest.mark.parametrize("part", ["detail", "live", "entries", "draft", "invitation", "dashboard"])
def test_every_address_of_it_is_not_found(client, secret, ben, part):
    client.force_login(ben)

    assert client.get(reverse(f"incident-{part}", args=[secret.pk])).status_code == 404


def test_it_is_no_target_of_a_merge_for_others_and_is_offered_to_nobody_else(client, secret, runner, ben, noon):
    other = lifecycle.declare(title="Open one", severity=3, service=runner, summary="", by=ben, at=noon)
    client.force_login(ben)

    assert WORD not in client.get(reverse("incident-detail", args=[other.pk])).content.decode()
    assert client.post(reverse("incident-merge", args=[other.pk]), {"into": secret.pk}).status_code == 404


def test_the_people_named_and_administrators_see_it(client, secret, ana):
    for reader in (ana, person("Root", "admin")):
        client.force_login(reader)
        assert WORD in client.get(reverse("incident-detail", args=[secret.pk])).content.decode()
    assert Incident.objects.visible_to(ana).filter(pk=secret.pk).exists()
