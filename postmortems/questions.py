"""Questions that the data ask (product.md section 9, number 20). An unanswered one is listed at review; an answer stays with its question."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from portal.accounts.models import User
from portal.errors import DomainError, Invalid
from portal.web.moments import duration
from postmortems.findings import Findings
from postmortems.models import Answer, Postmortem

DETECT_WITHIN = timedelta(minutes=5)
MITIGATE_WITHIN = {1: timedelta(minutes=15), 2: timedelta(minutes=30)}  # by severity


@dataclass(frozen=True, slots=True)
class Question:
    """`key` names it for good. `answer`: "" while nobody answered."""

    key: str
    text: str
    answer: str = ""


def of(postmortem: Postmortem, found: Findings | None) -> list[Question]:
    """In the order in which things happened; those of a published postmortem as they were. 0 or 1 query."""
    if found is None:
        return []
    if found.questions:
        return [Question(*row) for row in found.questions]
    severity = postmortem.incident.severity if postmortem.incident else 4
    answers = dict(postmortem.answers.values_list("key", "text"))
    return [Question(asked.key, asked.text, answers.get(asked.key, "")) for asked in asked_by(found, severity)]


def asked_by(found: Findings, severity: int) -> Iterator[Question]:
    """What stands out in the facts of an incident of that severity (1-4). Pure."""
    yield from _detection(found)
    yield from _pages(found)
    yield from _runbooks(found)
    yield from _mitigation(found, severity)
    yield from _promises(found)


def _detection(found: Findings) -> Iterator[Question]:
    began, detected, alert = found.moment("impact_started"), found.moment("detected"), found.first_alert
    if began and detected and detected - began > DETECT_WITHIN:
        yield Question("detect", f"Detected {_after(began, detected, 'impact started', 'detected')}. Why?")
    if alert is None:
        yield Question("no-alert", "No alert fired. What should have noticed it?")
    elif began and alert - began > DETECT_WITHIN and not (detected and detected >= alert):
        yield Question("first-alert", f"The first alert came {_after(began, alert, 'impact started', 'first alert')}, after a person saw it. Why?")


def _pages(found: Findings) -> Iterator[Question]:
    if found.unanswered:
        channels = ", ".join(sorted({page.channel for page in found.unanswered}))
        number = len(found.unanswered)
        yield Question("pages", f"{number} of {found.pages} {'page' if found.pages == 1 else 'pages'} went unanswered ({channels}). What kept them?")


def _runbooks(found: Findings) -> Iterator[Question]:
    if not found.runbooks:
        yield Question("no-runbook", "No runbook was followed. Is there one that would have helped?")
    for runbook in found.runbooks:
        for number, title, why in runbook.skipped:
            yield Question(f"skipped:{runbook.url}:{number}"[:80], f"Step {number} of “{runbook.title}” was skipped: {title} ({why}). Why?")


def _mitigation(found: Findings, severity: int) -> Iterator[Question]:
    began, mitigated, target = found.moment("impact_started"), found.moment("mitigated"), MITIGATE_WITHIN.get(severity)
    if began and mitigated and target and mitigated - began > target:
        took = _after(began, mitigated, "impact started", "mitigated")
        yield Question("mitigate", f"Mitigated {took}; the target is {duration(target)}. What would have made it quicker?")


def _promises(found: Findings) -> Iterator[Question]:
    if found.missed:
        yield Question("promises", f"{len(found.missed)} of {found.promises} promises were late or missed. What kept us?")


def _after(start: datetime, end: datetime, began: str, ended: str) -> str:
    """`9 min after (impact started 11:08 → detected 11:17 UTC)`."""
    return f"after {duration(end - start)} ({began} {start:%H:%M} → {ended} {end:%H:%M} UTC)"


@transaction.atomic
def answer(postmortem_id: int, key: str, text: str, *, by: User, at: datetime) -> Answer | None:
    """Keep the answer; an empty one takes it away (None). Raises: Invalid, no such question; DomainError, it is published."""
    postmortem = Postmortem.objects.select_for_update().get(pk=postmortem_id)
    if postmortem.is_finished:
        raise DomainError(f"{postmortem.reference} is {postmortem.get_status_display().lower()}; its questions are closed.", code="finished")
    if not text.strip():
        Answer.objects.filter(postmortem=postmortem, key=key).delete()
        return None
    if not key or len(key) > 80:
        raise Invalid("There is no such question. Reload the page.")
    found, _ = Answer.objects.update_or_create(postmortem=postmortem, key=key, defaults={"text": text.strip()[:4000], "by": by, "at": at})
    return found
