"""The runbook question, asked once when an incident is resolved. What follows from an answer is the story of a package to the right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from incidents import timeline
from incidents.locks import locked, store
from incidents.models import Incident, RunbookAnswer
from incidents.models.incident import Status
from portal import journal
from portal.errors import DomainError, Invalid
from portal.shelves import Shelf
from runbooks.models import Feedback

if TYPE_CHECKING:
    from portal.accounts.models import User
    from runbooks.models import Runbook

# followed(answer, at): evidence on the runbook, an action item. Called in the transaction of the answer.
followed: Shelf[Callable[[RunbookAnswer, datetime], None]] = Shelf("what follows from the runbook question")
Answer = RunbookAnswer.Answer


@transaction.atomic
def answer(incident_id: int, said: str, *, runbook: Runbook | None, note: str, by: User, at: datetime) -> RunbookAnswer:
    """Kept once. Raises: Invalid, DomainError: answered already."""
    if said not in Answer.values:
        raise Invalid(f"Answer one of {', '.join(Answer.values)}.")
    if said in (Answer.HELPED, Answer.MISLED) and runbook is None:
        raise Invalid("Say which runbook it was.")
    incident = locked(incident_id)
    before = RunbookAnswer.objects.filter(incident=incident).select_related("by").first()
    if before:
        raise DomainError(f"{before.by} answered at {before.at:%d %b %H:%M} UTC: {before.get_answer_display().lower()}.", code="answered")
    found = RunbookAnswer.objects.create(incident=incident, answer=said, runbook=runbook, note=note.strip()[:500], by=by, at=at)
    told = f"{found.get_answer_display()}: {runbook.title}" if runbook else found.get_answer_display()
    timeline.append(incident, kind="runbook", at=at, by=by, text=f"Runbook question: {told}", url=runbook.get_absolute_url() if runbook else "")
    for _, follow in followed:
        follow(found, at)
    store(incident)
    return found


def is_asked(incident: Incident) -> bool:
    """It is resolved and nobody answered yet, here or on a runbook's own page. 1-2 queries."""
    if incident.status not in (Status.RESOLVED, Status.CLOSED) or RunbookAnswer.objects.filter(incident=incident).exists():
        return False
    said = Feedback.objects.filter(about=incident.subject).exists()
    return not said and not journal.entries(incident.subject).filter(kind="step", data__no_runbook=True).exists()


def gate(incident: Incident) -> list[str]:
    """1 query."""
    return ["Say whether a runbook helped; “no runbook needed” is an answer."] if is_asked(incident) else []
