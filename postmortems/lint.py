"""Hints before a review. They warn and never block: words that blame, holes in the story, promises without an owner."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from portal.accounts.models import User
from postmortems.findings import Findings
from postmortems.models import Postmortem, Section
from postmortems.questions import Question

BLAME = re.compile(r"\b(human error|should have|should've|be more careful|careless|negligen\w*|forgot to|failed to follow)\b", re.I)


def hints(postmortem: Postmortem, found: Findings | None, asked: Iterable[Question] = ()) -> list[str]:
    """Sentences, in the order of the page; `found`: what the data tell, `asked`: what they ask. 4 queries."""
    sections = {section.kind: section for section in postmortem.sections.all()}
    return [
        *_words(sections),
        *_names(sections.get(Section.Kind.ROOT_CAUSE)),
        *_numbers(sections.get(Section.Kind.IMPACT)),
        *_empty(sections),
        *_holes(found),
        *_items(postmortem),
        *(f"Not answered yet: {question.text}" for question in asked if not question.answer),
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


def _holes(found: Findings | None) -> Iterator[str]:
    for told in found.timeline if found else ():
        if told.silent_before:
            between = f"{told.silent_from:%H:%M} and {told.moment:%H:%M} UTC"
            yield f"Nothing is told between {between}: what happened in these {told.silent_before // 60} min?"


def _items(postmortem: Postmortem) -> Iterator[str]:
    for item in postmortem.action_items.unfinished():
        if item.owner_id is None or item.due_on is None:
            yield f"{item.reference} “{item.title[:80]}” has no {'owner' if item.owner_id is None else 'due date'}."
