"""Pages of on call whose queries are counted."""

from __future__ import annotations

from datetime import timedelta

from oncall.models import Checklist, ChecklistTemplate, Rotation, Team, Turn
from oncall.models.checklist import ChecklistItem
from portal import clock
from tests.conftest import person
from tests.query_counting import Counted


def crewed(reader, number):
    """Rotations of their own teams, and checklists in the reader's hand."""
    now = clock.now()
    for _ in range(number):
        count = Rotation.objects.count()
        team = Team.objects.create(name=f"Team {count}", slug=f"team-{count}")
        rotation = Rotation.objects.create(team=team, name=f"R{count}", time_zone="UTC", begins_on=(now - timedelta(days=30)).date())
        Turn.objects.create(rotation=rotation, person=person(f"T{count}"), order=1)
        copied(reader, 1)


def copied(reader, number):
    now = clock.now()
    template = ChecklistTemplate.objects.first() or ChecklistTemplate.objects.create(name="Counted", slug="counted")
    for _ in range(number):
        count = Checklist.objects.count()
        times = {"opened_at": now, "due_at": now, "ends_at": now + timedelta(days=1)}
        checklist = Checklist.objects.create(template=template, about=f"shift:{count}", title="Shift", person=reader, **times)
        ChecklistItem.objects.create(checklist=checklist, order=1, text="Laptop charged")


def listed(reader, number):
    """One checklist with many items, each ticked by somebody else."""
    if not Checklist.objects.exists():
        copied(reader, 1)
    for count in range(number):
        by, now = person(f"C{number}x{count}"), clock.now()
        ChecklistItem.objects.create(checklist=Checklist.objects.first(), order=count, text="Seen", state="ticked", by=by, at=now)


PAGES = [
    Counted("oncall", lambda reader: "/oncall/", crewed),
    Counted("checklist-detail", lambda reader: f"/oncall/checklists/{Checklist.objects.first().pk}/", listed),
]
