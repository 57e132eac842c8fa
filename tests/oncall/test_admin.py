"""On call in the admin: shown whole, and changed by the same stories as on the pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from oncall import covering, feeds, starting
from oncall.models import Absence, ChecklistTemplate, Swap
from portal import clock

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def desk(client, admin_user):
    client.force_login(admin_user)
    return client


def test_a_rotation_is_shown_and_sends_to_the_page_that_simulates(desk, rotation, noon):
    page = desk.get(reverse("admin:oncall_rotation_change", args=[rotation.pk])).content.decode()

    assert f'href="{reverse("rotation-edit", args=[rotation.pk])}"' in page
    assert 'name="turns-0-person"' not in page
    assert desk.get(reverse("admin:oncall_rotation_add")).status_code == 403


def test_an_edited_item_gives_its_template_the_next_version(desk, noon):
    starting.lay_out(noon)
    template = ChecklistTemplate.objects.get(slug="shift-checklist")
    page = reverse("admin:oncall_checklisttemplate_change", args=[template.pk])
    fields = {"slug": template.slug, "initial-slug": template.slug, "name": template.name, "initial-name": template.name}
    fields |= {"before_shifts": "on", "initial-before_shifts": "on", "seen_version": template.version}
    items = list(template.items.all())
    fields |= {"items-TOTAL_FORMS": len(items), "items-INITIAL_FORMS": len(items)}
    for n, item in enumerate(items):
        row = {"id": item.pk, "template": template.pk, "order": item.order, "group": "", "text": item.text, "detail": "", "proof": item.proof}
        fields |= {f"items-{n}-{name}": value for name, value in row.items()}

    wrong = desk.post(page, {**fields, "items-0-proof": "test-mail"})
    saved = desk.post(page, {**fields, "items-0-text": "Laptop charged"})

    assert "There is no check “test-mail”" in wrong.content.decode()
    assert saved.status_code == 302
    template.refresh_from_db()
    assert (template.version, template.items.first().text) == (2, "Laptop charged")


def test_an_offer_is_taken_back_and_an_address_revoked_in_the_list(desk, rotation, ana, ben):
    now = clock.now()
    span = {"starts_at": now + DAY, "ends_at": now + 2 * DAY}
    swap = Swap.objects.create(rotation=rotation, giver=ana, taker=ben, offered_at=now, **span)
    feed, _ = feeds.make(ana, None, at=now)

    desk.post(reverse("admin:oncall_swap_changelist"), {"action": "take_back_selected", "_selected_action": swap.pk})
    desk.post(reverse("admin:oncall_feed_changelist"), {"action": "revoke_selected", "_selected_action": feed.pk})

    swap.refresh_from_db()
    feed.refresh_from_db()
    assert swap.state == "withdrawn"
    assert feed.revoked_at
    with pytest.raises(covering.AlreadyAnswered):
        covering.accept(swap.pk, by=ben, at=now)


def test_a_lead_notes_the_absence_of_somebody_else(desk, ana):
    fields = {"person": ana.pk, "starts_at_0": "2026-12-01", "starts_at_1": "00:00:00", "ends_at_0": "2026-12-02", "ends_at_1": "00:00:00"}

    desk.post(reverse("admin:oncall_absence_add"), {**fields, "note": "ill"})

    assert (Absence.objects.get().person, Absence.objects.get().note) == (ana, "ill")
