"""What Standby ships with: complete by the practice's outline, words unchanged, laid out once and never over somebody's edit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.db import connection

from oncall.models import ChecklistTemplate, Service, TemplateItem
from portal import checksums, first_steps, seeding
from portal.models import Resource
from runbooks.models import Runbook

pytestmark = pytest.mark.django_db(transaction=True)


def everything() -> checksums.Tables:
    """The whole database as numbers."""
    if connection.vendor == "postgresql":
        from django.db import transaction

        with transaction.atomic(), connection.cursor() as cursor:
            return checksums.of_postgres(cursor)
    return checksums.of_sqlite(Path(connection.settings_dict["NAME"]))


def chapter(shared_data, heading: str) -> str:
    """One chapter of the outline by the beginning of its heading."""
    outline = (shared_data / "seed/outline.md").read_text()
    return next(part for part in re.split(r"^#{2,3} ", outline, flags=re.M) if part.startswith(heading))


def boxes(text: str) -> list[str]:
    return re.findall(r"^- \[ \] (.+)$", text, re.M)


def test_seeding_again_changes_nothing(admin_user, noon):
    assert any(seeding.seed(noon).values())
    before = everything()

    assert set(seeding.seed(noon).values()) == {""}

    assert checksums.differences(before, everything()) == []


def test_what_people_changed_or_took_out_stays_as_they_left_it(admin_user, noon):
    seeding.seed(noon)
    Runbook.objects.filter(slug="redis-down").update(title="Our Redis", body="# Ours", version=2)
    TemplateItem.objects.filter(text="VPN configured and tested").update(text="Tunnel tested")
    TemplateItem.objects.filter(text="PagerDuty app installed and tested").delete()
    Service.objects.filter(slug="redis").update(description="Two of them", tier=1)
    Resource.objects.filter(title="Blameless Postmortems").update(title="Read this")
    before = everything()

    seeding.seed(noon)

    assert checksums.differences(before, everything()) == []


def test_the_shift_checklist_has_the_nine_items_word_for_word(shared_data, noon):
    seeding.seed(noon)

    shipped = list(ChecklistTemplate.objects.get(slug="shift-checklist").items.order_by("order").values_list("text", flat=True))

    assert shipped == boxes(chapter(shared_data, "6.2 On-call checklist"))
    assert len(shipped) == 9


def test_the_production_checklist_has_the_twenty_items_in_five_groups_word_for_word(shared_data, noon):
    outline = (shared_data / "seed/outline.md").read_text()
    part = outline[outline.index("## 11. Production incident checklist") : outline.index("## 12. ")]
    wanted = [(group, item) for group, text in re.findall(r"^### (.+?)\n(.+?)(?=^### |\Z)", part, re.M | re.S) for item in boxes(text)]

    seeding.seed(noon)

    assert list(ChecklistTemplate.objects.get(slug="production-incident").items.order_by("order").values_list("group", "text")) == wanted
    assert len(wanted) == 20


def test_the_resources_are_the_outlines(shared_data, noon):
    seeding.seed(noon)

    wanted = re.findall(r"^- (.+): (https://\S+)$", chapter(shared_data, "12. Resources"), re.M)

    assert list(Resource.objects.values_list("title", "url")) == wanted
    assert len(wanted) == 4


def test_the_next_steps_are_the_outlines_in_their_order(shared_data):
    steps = re.split(r" · ", chapter(shared_data, "13. Next steps").split("\n\n")[1])
    wanted = [re.sub(r"^\d\. ", "", step).strip() for step in steps]

    shown = [step.title.lower() for step in sorted((step for _, step in first_steps.STEPS), key=lambda step: step.order)]

    assert shown[-5:] == wanted


def test_the_seven_runbooks_are_there_under_their_names(shared_data, noon, admin_user):
    seeding.seed(noon)

    wanted = re.findall(r"\| ([a-z-]+)\.md \|", chapter(shared_data, "3. Runbooks"))

    assert sorted(Runbook.objects.values_list("slug", flat=True)) == sorted(wanted)
    assert len(wanted) == 7
