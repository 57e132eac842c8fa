"""Hints before a review. They warn and never block: words that blame, holes in the story, promises without an owner."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from portal import journal
from portal.accounts.models import User
from postmortems.models import Postmortem, Section

HOLE = timedelta(minutes=30)
BLAME = re.compile(r"\b(human error|should have|should've|be more careful|careless|negligen\w*|forgot to|failed to follow)\b", re.I)
SILENT = {"notice", "notice_failed"}


def hints(postmortem: Postmortem) -> list[str]:
    """Sentences, in the order of the page. 4 queries."""
    sections = {section.kind: section for section in postmortem.sections.all()}
    return [
        *_words(sections),
        *_names(sections.get(Section.Kind.ROOT_CAUSE)),
        *_numbers(sections.get(Section.Kind.IMPACT)),
        *_empty(sections),
        *_holes(postmortem),
        *_items(postmortem),
    ]


def _words(sections: dict[str, Section]) -> Iterator[str]:
    for section in sections.values():
        found = BLAME.search(section.body)
        if found:
            yield f"“{found[0]}” in {section.get_kind_display()}: say what the system let happen instead."


def _names(cause: Section | None) -> Iterator[str]:
    if cause is None or not cause.body:
        return
    for name in User.objects.filter(is_service=False).exclude(name="").values_list("name", flat=True):
        first = name.split()[0]
        if len(first) > 2 and re.search(rf"\b{re.escape(first)}\b", cause.body):
            yield f"{first} is named in Root cause: names belong to roles and actions taken, never to causes."


def _numbers(impact: Section | None) -> Iterator[str]:
    if impact is not None and impact.body.strip() and not re.search(r"\d", impact.body):
        yield "Impact holds no number: how many users, requests, minutes?"


def _empty(sections: dict[str, Section]) -> Iterator[str]:
    for kind in (Section.Kind.LUCKY, Section.Kind.SURPRISED):
        if kind in sections and not sections[kind].body.strip():
            yield f"“{kind.label}” is empty."


def _holes(postmortem: Postmortem) -> Iterator[str]:
    if postmortem.incident is None:
        return
    times = list(journal.entries(postmortem.incident.subject).exclude(kind__in=SILENT).values_list("at", flat=True))
    until = postmortem.incident.resolved_at
    for before, after in zip(times, times[1:], strict=False):
        if after - before > HOLE and (until is None or after <= until):
            minutes = int((after - before).total_seconds() // 60)
            yield f"Nothing is told between {before:%H:%M} and {after:%H:%M} UTC: what happened in these {minutes} min?"


def _items(postmortem: Postmortem) -> Iterator[str]:
    for item in postmortem.action_items.unfinished():
        if item.owner_id is None or item.due_on is None:
            yield f"{item.reference} “{item.title[:80]}” has no {'owner' if item.owner_id is None else 'due date'}."
