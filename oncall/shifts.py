"""Before a shift begins: its checklists are opened and its person is told; what is unfinished when it begins is told to the lead."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from oncall import checklists, rota
from oncall.models import Checklist, ChecklistTemplate, Rotation
from portal.accounts.models import User
from portal.notify import outbox
from portal.notify.models import Message

OPENS_BEFORE = timedelta(hours=24)
LATE_COMERS_HAVE = timedelta(hours=1)  # for a shift that ran before anything could open its checklist


def open_checklists(now: datetime) -> int:
    """Open the checklists of every shift that runs or begins within 24 hours; how many are new. Safe to run again, and twice at once."""
    templates = list(ChecklistTemplate.objects.filter(before_shifts=True).order_by("name"))
    opened = 0
    for rotation, coming in rota.coming(now, now + OPENS_BEFORE) if templates else ():
        for span in coming:
            for person in span.people:
                if person.is_active:
                    opened += _open(templates, rotation, span, person, now)
    return opened


@transaction.atomic
def _open(templates: Sequence[ChecklistTemplate], rotation: Rotation, span: rota.Span, person: User, now: datetime) -> int:
    about = f"shift:{rotation.pk}:{span.starts_at:%Y-%m-%dT%H:%MZ}"
    begins = span.starts_at.astimezone(person.zone)
    title = f"{rotation.name}, shift from {begins:%a} {begins.day} {begins:%b, %H:%M}"
    due_at = span.starts_at if now <= span.starts_at else min(now + LATE_COMERS_HAVE, span.ends_at)  # nobody is late for what was not there
    copies = [
        checklists.open_copy(template, about=about, title=title, person=person, at=now, due_at=due_at, ends_at=span.ends_at) for template in templates
    ]
    new = [checklist for checklist, is_new in copies if is_new]
    if new:
        links = "\n".join(f"{settings.BASE_URL}/oncall/checklists/{checklist.pk}/" for checklist in reversed(new))
        outbox.queue(
            person,
            channel="email",
            purpose=Message.Purpose.NOTICE,
            subject=f"Your shift: {title}",
            body=(
                f"Your shift in “{rotation.name}” runs from {begins:%a %d %b %Y, %H:%M} ({person.time_zone}), "
                f"{span.starts_at:%H:%M} UTC.\nPlease tick what stands here before it begins:\n{links}\n"
            ),
            dedup_key=f"shift-checklist:{new[0].pk}",
            at=now,
            about=about,
            priority=3,
        )
    return len(new)


def tell_leads(now: datetime) -> int:
    """Tell the leads of unfinished checklists whose shift has begun, once each; how many. Safe to run again, and twice at once."""
    late = Checklist.objects.unfinished().filter(
        due_at__lte=now, ends_at__gt=now, lead_told_at=None, about__startswith="shift:", person__is_active=True
    )
    return sum(_tell_leads(checklist, now) for checklist in late.select_related("person", "template"))


@transaction.atomic
def _tell_leads(checklist: Checklist, now: datetime) -> int:
    if not Checklist.objects.filter(pk=checklist.pk, lead_told_at=None).update(lead_told_at=now):
        return 0
    left = list(checklist.items.filter(state="open").values_list("text", flat=True))
    rotation = Rotation.objects.select_related("team").filter(pk=checklist.about.split(":")[1]).first()
    for lead in rotation.team.leads() if rotation else ():
        outbox.queue(
            lead,
            channel="email",
            purpose=Message.Purpose.NOTICE,
            subject=f"{checklist.person} began a shift with {len(left)} unfinished checks",
            body="\n".join([f"{checklist.title}, {checklist.template}:", *(f"  {text}" for text in left), f"{settings.BASE_URL}/oncall/"]),
            dedup_key=f"checklist-late:{checklist.pk}:{lead.pk}",
            at=now,
            about=checklist.about,
            priority=2,
        )
    return 1
