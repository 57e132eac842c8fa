"""Before a shift begins: its checklist is opened and its person is told."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from oncall import checklists, rota
from oncall.models import ChecklistTemplate, Rotation
from portal.accounts.models import User
from portal.notify import outbox
from portal.notify.models import Message

OPENS_BEFORE = timedelta(hours=24)


def open_checklists(now: datetime) -> int:
    """Open the checklist of every shift that runs or begins within 24 hours; how many are new. Safe to run again, and twice at once."""
    template = ChecklistTemplate.objects.filter(slug=checklists.SHIFT_TEMPLATE).first()
    if template is None:
        return 0
    opened = 0
    for rotation, coming in rota.coming(now, now + OPENS_BEFORE):
        for span in coming:
            for person in span.people:
                if person.is_active:
                    opened += _open(template, rotation, span, person, now)
    return opened


@transaction.atomic
def _open(template: ChecklistTemplate, rotation: Rotation, shift: rota.Span, person: User, now: datetime) -> int:
    about = f"shift:{rotation.pk}:{shift.starts_at:%Y-%m-%dT%H:%MZ}"
    begins = shift.starts_at.astimezone(person.zone)
    title = f"{rotation.name}, shift from {begins:%a} {begins.day} {begins:%b, %H:%M}"
    checklist, new = checklists.open_copy(template, about=about, title=title, person=person, at=now, due_at=shift.starts_at, ends_at=shift.ends_at)
    if new:
        outbox.queue(
            person,
            channel="email",
            purpose=Message.Purpose.NOTICE,
            subject=f"Your shift: {title}",
            body=(
                f"Your shift in “{rotation.name}” runs from {begins:%a %d %b %Y, %H:%M} ({person.time_zone}), "
                f"{shift.starts_at:%H:%M} UTC.\nPlease tick its checklist before it begins:\n{settings.BASE_URL}/oncall/checklists/{checklist.pk}/\n"
            ),
            dedup_key=f"shift-checklist:{checklist.pk}",
            at=now,
            about=about,
            priority=3,
        )
    return int(new)
