"""Follow a runbook for an incident: one frozen version for everybody, steps ticked or skipped with a reason, blanks filled once.

Each tick is one entry in the journal of what it is for. Two who tick the same step at once leave one tick.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from portal import journal
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.errors import DomainError, Invalid, require
from portal.locking import locked_one
from portal.shelves import Shelf
from runbooks import steps
from runbooks.models import FollowedStep, Following, Runbook

WHO_FOLLOWS = "Only responders follow a runbook."
REASON_AT_LEAST = 3  # characters


@dataclass(frozen=True, slots=True)
class Subject:
    """What a runbook is followed for. label: as people write it, such as INC-142. labels: of its alerts, to fill blanks from."""

    label: str
    url: str
    labels: Mapping[str, str]
    over: bool


# By the beginning of a journal subject ("incident"): from a person and the subject to what it is, None if they may not see it.
subjects: Shelf[Callable[[User, str], Subject | None]] = Shelf("subjects of followed runbooks")


def subject_of(user: User, about: str) -> Subject | None:
    """What `about` names, for this person. None: nothing that they may see."""
    find = subjects.get(about.partition(":")[0])
    return find(user, about) if find else None


def of(runbook: Runbook, about: str) -> Following | None:
    """1 query."""
    return Following.objects.filter(runbook=runbook, about=about).first() if about else None


def begin(runbook: Runbook, about: str, *, by: User, at: datetime) -> Following:
    """The following of this runbook for `about`, begun where there is none. Safe to run twice at once. Raises: NotAllowed, DomainError."""
    subject = _subject(by, about)
    if known := of(runbook, about):
        return known
    shown = steps.frozen(runbook.sections.all(), runbook.links)
    codes = [piece["code"] for section in shown for block in section["blocks"] for piece in block["content"] if "code" in piece]
    known_blanks = {name: value for name in steps.blanks(codes) if (value := _from_labels(name, subject.labels))}
    with transaction.atomic():
        following, begun = Following.objects.get_or_create(
            runbook=runbook,
            about=about,
            defaults={"version": runbook.version, "sections": shown, "blanks": known_blanks, "begun_by": by, "begun_at": at},
        )
        if begun:
            text = f"Follows “{runbook.title}”, version {runbook.version}"
            journal.append(about, kind="step", at=at, by=by, text=text, url=_url(following))
    return following


def _subject(by: User, about: str) -> Subject:
    require(by.at_least(Role.RESPONDER), WHO_FOLLOWS)
    subject = subject_of(by, about)
    if subject is None:
        raise DomainError("There is nothing of that name to follow a runbook for.", code="not_found")
    return subject


def _from_labels(name: str, labels: Mapping[str, str]) -> str:
    """`<pod>`, `$POD` and `<pod-name>` are filled from the label `pod`."""
    wanted = "".join(c for c in name.lower() if c.isalnum())
    for label, value in labels.items():
        known = "".join(c for c in label.lower() if c.isalnum())
        if wanted in (known, known + "name", "your" + known) or (wanted == "ns" and known == "namespace"):
            return value if "\n" not in value and len(value) <= steps.VALUE else ""
    return ""


def tick(following_id: int, key: str, *, note: str = "", by: User, at: datetime) -> FollowedStep:
    """The step is done; `note`: what was seen. Ticked already: nothing changes. Raises: Invalid, no such step."""
    return _mark(following_id, key, FollowedStep.State.DONE, note=note, by=by, at=at)


def skip(following_id: int, key: str, reason: str, *, by: User, at: datetime) -> FollowedStep:
    """The step is left out. Raises: Invalid, no reason or no such step."""
    if len(reason.strip()) < REASON_AT_LEAST:
        raise Invalid("Say in a word or two why the step is skipped.")
    return _mark(following_id, key, FollowedStep.State.SKIPPED, note=reason, by=by, at=at)


@transaction.atomic
def _mark(following_id: int, key: str, state: FollowedStep.State, *, note: str, by: User, at: datetime) -> FollowedStep:
    following = _locked(following_id, by)
    number, step = _step(following, key)
    note = " ".join(note.split())[:500]
    marked, new = FollowedStep.objects.get_or_create(following=following, key=key, defaults={"state": state, "note": note, "by": by, "at": at})
    if not new and (marked.state, marked.note) == (state, note or marked.note):
        return marked
    if not new:
        marked.state, marked.note, marked.by, marked.at = state, note, by, at
        marked.save(update_fields=["state", "note", "by", "at"])
    said = "Skipped" if state == FollowedStep.State.SKIPPED else "Did"
    text = f"{said} step {number} of “{following.runbook.title}”: {step['title']}" + (f" ({note})" if note else "")
    journal.append(
        following.about, kind="step", at=at, by=by, text=text[:1000], url=f"{_url(following)}#step-{number}", data={"key": key, "state": state}
    )
    return marked


@transaction.atomic
def take_back(following_id: int, key: str, *, by: User, at: datetime) -> None:
    """Not done after all; the journal keeps both entries."""
    following = _locked(following_id, by)
    number, step = _step(following, key)
    if FollowedStep.objects.filter(following=following, key=key).delete()[0]:
        text = f"Took back step {number} of “{following.runbook.title}”: {step['title']}"
        journal.append(following.about, kind="step", at=at, by=by, text=text[:1000], url=_url(following))


@transaction.atomic
def fill(following_id: int, values: Mapping[str, str], *, by: User) -> Following:
    """Blanks filled for everybody who follows; an empty value empties one. Raises: Invalid, a line break in one."""
    following = _locked(following_id, by)
    known = set(blanks_of(following))
    kept = {name: steps.refuse_value(name, value) for name, value in values.items() if name in known}
    following.blanks = {name: value for name, value in {**following.blanks, **kept}.items() if value}
    following.save(update_fields=["blanks"])
    return following


def blanks_of(following: Following) -> list[str]:
    """Names of what its commands leave open, in order."""
    codes = [piece["code"] for section in following.sections for block in section["blocks"] for piece in block["content"] if "code" in piece]
    return steps.blanks(codes)


@dataclass(frozen=True, slots=True)
class Progress:
    """marked: by key. next_step: the first that is neither done nor skipped, with its number; None when all are."""

    following: Following
    marked: dict[str, FollowedStep]
    total: int
    next_number: int
    next_step: dict[str, Any] | None

    @property
    def done(self) -> int:
        return len(self.marked)


def progress(following: Following) -> Progress:
    """1 query, none where the steps are prefetched."""
    marked = {step.key: step for step in following.steps.all()}
    listed = steps.steps_of(following.sections)
    following_up = next(((number, step) for number, step in enumerate(listed, start=1) if step["key"] not in marked), (0, None))
    keys = {step["key"] for step in listed}
    return Progress(following, {key: step for key, step in marked.items() if key in keys}, len(listed), *following_up)


def for_subject(about: str) -> list[Progress]:
    """What is followed for it, oldest first. 2 queries."""
    found = Following.objects.filter(about=about).select_related("runbook").prefetch_related("steps__by")
    return [progress(following) for following in found]


def _locked(following_id: int, by: User) -> Following:
    following = locked_one(Following.objects.select_related("runbook"), following_id)
    _subject(by, following.about)
    return following


def _step(following: Following, key: str) -> tuple[int, dict[str, Any]]:
    for number, step in enumerate(steps.steps_of(following.sections), start=1):
        if step["key"] == key:
            return number, step
    raise Invalid("This runbook has no such step. Reload the page.", code="no_such_step")


def _url(following: Following) -> str:
    return f"{following.runbook.get_absolute_url()}?incident={following.about.partition(':')[2]}"
