"""The sections of postmortems on the writing desk: who reads, who writes, and the story that saves one."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from portal.accounts.models import User
from portal.desk.texts import LongText, texts
from postmortems import policies, writing
from postmortems.models import Postmortem, Section

SECTION = "postmortem-section"


def put_on_shelf() -> None:
    """Called in `AppConfig.ready()`."""
    texts.put(SECTION, LongText(Section, "body", _find, _may_edit, _title, _back, _save))


def _find(user: User, pk: int) -> Section | None:
    """2 queries."""
    visible = Postmortem.objects.visible_to(user)
    return Section.objects.filter(pk=pk, postmortem__in=visible).select_related("postmortem__incident", "postmortem__team").first()


def _may_edit(user: User, section: Section) -> bool:
    return policies.can_edit(user, section.postmortem)


def _title(section: Section) -> str:
    return f"{section} of {section.postmortem.reference}"


def _back(section: Section) -> str:
    return reverse("postmortem-detail", args=[section.postmortem_id])


def _save(pk: int, body: str, *, seen: int, by: User, at: datetime) -> Section:
    return writing.save_section(pk, body, seen=seen, at=at)
