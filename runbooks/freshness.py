"""Which runbooks can be trusted: unproven, fresh, ageing, stale or broken, from evidence alone.

A section is proven by the latest evidence for it that was given for the very commands it has now; a page by the oldest of its sections.
Reminders, imports and typo edits prove nothing; a changed command makes its section unproven.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from portal.accounts.models import User
from portal.errors import Invalid
from runbooks import searching, steps
from runbooks.models import DiagnosticRun, Evidence, Feedback, Runbook, Section

ALLOWED = {1: timedelta(days=60), 2: timedelta(days=90), 3: timedelta(days=180)}  # by the tier of the most important service
NO_SERVICE = 2  # counts as this tier
State = Runbook.State
ENOUGH_FOR = timedelta(days=1)  # evidence of today need not be given again
WHOLE = ""  # the anchor of a page without sections


@dataclass(frozen=True, slots=True)
class Judgement:
    """proven_at: the evidence that the state stands on. why: a sentence for people."""

    state: str
    proven_at: datetime | None
    why: str


def allowed(tiers: Iterable[int]) -> timedelta:
    """How old evidence may be, by the most important of the services."""
    return ALLOWED[min(tiers, default=NO_SERVICE)]


def judge(sections: Mapping[str, str], evidence: Sequence[Evidence], *, tiers: Iterable[int], misled: Sequence[Feedback], now: datetime) -> Judgement:
    """Pure. sections: anchor → hash of its commands. evidence: of this runbook. misled: what was said and is not fixed."""
    latest: dict[str, datetime] = {}
    for row in evidence:
        if sections.get(row.anchor) == row.section_hash and row.at > latest.get(row.anchor, row.at - timedelta(1)):
            latest[row.anchor] = row.at
    proven_at = min(latest.values()) if sections and len(latest) == len(sections) else None
    if misled:
        return Judgement(State.BROKEN, proven_at, f"it misled {len(misled)} time{'s' if len(misled) > 1 else ''} and is not repaired yet")
    if proven_at is None:
        lacking = len(sections) - len(latest)
        return Judgement(
            State.UNPROVEN,
            None,
            "no drill, review or incident has confirmed it here" if not latest else f"{lacking} of {len(sections)} sections are unproven",
        )
    age, limit = now - proven_at, allowed(tiers)
    said = f"proven {age.days} days ago"
    if age > limit:
        return Judgement(State.STALE, proven_at, f"{said}, {limit.days} are allowed")
    if age > limit * 2 / 3:
        return Judgement(State.AGEING, proven_at, f"{said}, stale in {(limit - age).days} days")
    return Judgement(State.FRESH, proven_at, said)


def hashes(runbook: Runbook) -> dict[str, str]:
    """Anchor → hash of the commands of each section with text; the page itself where it has none. 1 query, none if prefetched."""
    found = {section.anchor: steps.commands_hash(section.body) for section in runbook.sections.all() if section.body.strip()}
    return found or {WHOLE: steps.commands_hash(runbook.body)}


def judgement(runbook: Runbook, now: datetime) -> Judgement:
    """Of one runbook, now. 4 queries."""
    misled = list(runbook.feedback.filter(kind=Feedback.Kind.MISLED, fixed_at=None))
    tiers = runbook.services.values_list("tier", flat=True)
    return judge(hashes(runbook), list(runbook.evidence.all()), tiers=list(tiers), misled=misled, now=now)


@transaction.atomic
def record(
    runbook: Runbook, kind: Evidence.Kind, *, anchors: Iterable[str] | None = None, about: str = "", note: str = "", by: User | None, at: datetime
) -> int:
    """Evidence for these sections (None: all of them), in the caller's transaction; how many. Its state follows at once."""
    known = hashes(runbook)
    wanted = [anchor for anchor in known if anchors is None or anchor in set(anchors)]
    Evidence.objects.bulk_create(
        Evidence(runbook=runbook, kind=kind, anchor=anchor, section_hash=known[anchor], about=about, note=note[:300], by=by, at=at)
        for anchor in wanted
    )
    restate(runbook, at)
    return len(wanted)


@transaction.atomic
def review(runbook: Runbook, anchors: Iterable[str], *, by: User, at: datetime) -> Judgement:
    """Somebody read these sections and says they hold. All of them after an edit: what misled is repaired. Raises: Invalid, none chosen."""
    chosen = set(anchors)
    known = hashes(runbook)
    if not chosen & set(known):
        raise Invalid("Tick the sections that you read and found true.")
    record(runbook, Evidence.Kind.REVIEW, anchors=chosen, by=by, at=at)
    if chosen >= set(known):
        runbook.feedback.filter(kind=Feedback.Kind.MISLED, fixed_at=None, version__lt=runbook.version).update(fixed_at=at)
    return restate(runbook, at)


def restate(runbook: Runbook, now: datetime) -> Judgement:
    """Store the state that the evidence gives, also for search. Up to 10 queries; no version and no history of its own."""
    found = judgement(runbook, now)
    changed = (
        Runbook.objects.filter(pk=runbook.pk)
        .filter(~Q(state=found.state) | ~Q(proven_at=found.proven_at) | Q(proven_at=None))
        .update(state=found.state, proven_at=found.proven_at)
    )
    was, runbook.state, runbook.proven_at = runbook.state, found.state, found.proven_at
    if changed and was != found.state:
        searching.index(runbook)
    return found


def restate_all(now: datetime) -> int:
    """Whose evidence grew old since the last look; how many changed. Hourly; a fixed number of queries for those that did not."""
    changed = 0
    with_evidence = Runbook.objects.filter(Q(evidence__isnull=False) | Q(feedback__kind=Feedback.Kind.MISLED)).distinct()
    for runbook in with_evidence.prefetch_related("sections", "services", "evidence", "feedback").iterator(chunk_size=100):
        misled = [row for row in runbook.feedback.all() if row.kind == Feedback.Kind.MISLED and row.fixed_at is None]
        tiers = [service.tier for service in runbook.services.all()]
        found = judge(hashes(runbook), list(runbook.evidence.all()), tiers=tiers, misled=misled, now=now)
        if (found.state, found.proven_at) != (runbook.state, runbook.proven_at):
            restate(Runbook.objects.get(pk=runbook.pk), now)
            changed += 1
    return changed


def prove_by_run(run: DiagnosticRun, at: datetime) -> None:
    """Somebody ran a diagnostic and it got an answer: sections that have people run just that are proven, once a day. 1 query where none has."""
    if run.asked_by is None or run.state != DiagnosticRun.State.DONE or not run.result.get("numbers"):
        return  # what runs by itself proves that it runs, and a target that cannot be reached proves nothing
    for section in sections_that_run(run.diagnostic):
        known = Evidence.objects.filter(
            runbook=section.runbook, anchor=section.anchor, section_hash=steps.commands_hash(section.body), at__gt=at - ENOUGH_FOR
        )
        if not known.exists():
            note = f"{run.diagnostic}: {run.finding}"
            record(section.runbook, Evidence.Kind.DIAGNOSTIC, anchors=[section.anchor], about=run.about, note=note, by=run.asked_by, at=at)


def sections_that_run(diagnostic: str) -> list[Section]:
    """Sections with a button for this diagnostic and nothing else to run. 1 query."""
    listed = Section.objects.exclude(diagnostics=[]).filter(body__contains=diagnostic).select_related("runbook")
    return [section for section in listed if {block["name"] for block in section.diagnostics} == {diagnostic} and not steps.commands(section.body)]


def counts() -> dict[str, int]:
    """How many runbooks are in each state. 1 query."""
    from django.db.models import Count

    found = dict(Runbook.objects.order_by().values_list("state").annotate(Count("pk")))
    return {state: found.get(state, 0) for state in State.values}
