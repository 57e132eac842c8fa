"""What the data tell of an incident, put into its draft without typing: the chosen timeline, promises missed, pages unanswered,
runbooks followed and steps skipped, runs, decisions, what was like it.

By reference while it is a draft, so that a corrected fact corrects it; publishing keeps it as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models.functions import Coalesce

from incidents import impact, recording, timeline
from incidents.alerts.similar import similar_to
from incidents.models import Incident, Promise
from portal import decisions
from portal.accounts.models import User
from portal.models import Entry
from portal.notify.models import Message
from postmortems.models import Postmortem
from runbooks import following
from runbooks.models import DiagnosticRun, FollowedStep
from runbooks.steps import steps_of

SILENCE = timedelta(minutes=30)  # without an entry: marked
ANSWER_WITHIN = timedelta(minutes=5)  # a page that nobody acknowledged by then was unanswered
SILENT = ("notice", "notice_failed")  # mails about it are no part of the story
MOST = 400  # entries


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of the timeline. silent_before: seconds without any entry before it, 0 unless more than half an hour."""

    entry: int
    at: str  # ISO 8601
    kind: str
    text: str
    by: str
    url: str = ""
    silent_before: int = 0
    left_out: bool = False

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.at)

    @property
    def silent_from(self) -> datetime:
        return self.moment - timedelta(seconds=self.silent_before)


@dataclass(frozen=True, slots=True)
class Missed:
    """A promise that was late or missed. settled_at: "" where nothing came."""

    what: str
    due_at: str
    settled_at: str

    @property
    def due(self) -> datetime:
        return datetime.fromisoformat(self.due_at)

    @property
    def settled(self) -> datetime | None:
        return datetime.fromisoformat(self.settled_at) if self.settled_at else None


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A page that nobody answered within five minutes, or that its channel could not hand over (`sent_at` "")."""

    person: str
    channel: str
    sent_at: str
    why: str

    @property
    def sent(self) -> datetime | None:
        return datetime.fromisoformat(self.sent_at) if self.sent_at else None


@dataclass(frozen=True, slots=True)
class Followed:
    """skipped: (step number, title, why)."""

    title: str
    version: int
    url: str
    done: int
    total: int
    skipped: list[list[Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Run:
    name: str
    target: str
    finding: str
    at: str
    url: str

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.at)


@dataclass(frozen=True, slots=True)
class Link:
    """Something else, with why it stands here."""

    name: str
    why: str
    url: str


@dataclass(frozen=True, slots=True)
class Findings:
    """Plain texts and numbers, so that the snapshot is JSON. promises: how many were made about updates and other clocks."""

    timeline: list[Told] = field(default_factory=list)
    milestones: dict[str, str] = field(default_factory=dict)  # name: ISO 8601
    first_alert_at: str = ""
    impact: str = ""  # the incident's numbers and words in one line
    promises: int = 0
    missed: list[Missed] = field(default_factory=list)
    pages: int = 0
    unanswered: list[Unanswered] = field(default_factory=list)
    runbooks: list[Followed] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    roles: list[list[str]] = field(default_factory=list)  # role and person
    decisions: list[list[str]] = field(default_factory=list)  # at, what, who, why
    similar: list[Link] = field(default_factory=list)
    questions: list[list[str]] = field(default_factory=list)  # key, question, answer: only in a snapshot

    @property
    def chosen(self) -> list[Told]:
        return [told for told in self.timeline if not told.left_out]

    def moment(self, name: str) -> datetime | None:
        return datetime.fromisoformat(self.milestones[name]) if name in self.milestones else None

    @property
    def impact_started(self) -> datetime | None:
        return self.moment("impact_started")

    @property
    def detected(self) -> datetime | None:
        return self.moment("detected")

    @property
    def first_alert(self) -> datetime | None:
        return datetime.fromisoformat(self.first_alert_at) if self.first_alert_at else None


def of(postmortem: Postmortem, user: User | None) -> Findings | None:
    """The snapshot of a published postmortem, otherwise as the incident tells it now; None for an imported one. 0 or 16 queries."""
    if postmortem.published_findings is not None:
        return restored(postmortem.published_findings)
    return compute(postmortem, postmortem.incident, user) if postmortem.incident else None


def compute(postmortem: Postmortem, incident: Incident, user: User | None) -> Findings:
    """As `user` may see it (None: without similar incidents). A snapshot is read by others, so restricted ones are never among them. 16 queries."""
    moments = {milestone.name: milestone.at for milestone in incident.milestones.all()}
    promises = list(incident.promises.exclude(verdict__in=[Promise.Verdict.OPEN, Promise.Verdict.WITHDRAWN]))
    pages = list(_pages(incident))
    first = incident.episodes.order_by("started_at").values_list("started_at", flat=True).first()
    return Findings(
        timeline=_timeline(postmortem, incident),
        milestones={name: at.isoformat() for name, at in moments.items()},
        first_alert_at=first.isoformat() if first else "",
        impact=impact.sentence(impact.of(incident)),
        promises=len(promises),
        missed=[_missed(promise) for promise in promises if promise.verdict != Promise.Verdict.KEPT],
        pages=len(pages),
        unanswered=[found for page in pages if (found := _unanswered(page, moments.get("acknowledged")))],
        runbooks=_runbooks(incident),
        runs=_runs(incident),
        roles=[[held.get_role_display(), str(held.person)] for held in incident.roles.select_related("person")],
        decisions=[[row.at.isoformat(), decisions.label(row.kind), str(row.by), row.reason] for row in decisions.of(incident.subject)],
        similar=[
            Link(f"{found.incident.reference} {found.incident.title}", found.why, f"/incidents/{found.incident.pk}/")
            for found in (similar_to(incident, user) if user else ())
            if not found.incident.is_restricted
        ],
    )


def snapshot(found: Findings, questions: list[list[str]]) -> dict[str, Any]:
    """What publishing keeps. questions: (key, question, answer)."""
    kept = asdict(found) | {"questions": questions}
    kept["timeline"] = [asdict(told) for told in found.chosen]
    return kept


def restored(kept: dict[str, Any]) -> Findings:
    """The findings of a snapshot; a field that it does not have yet is empty."""
    kinds: dict[str, Any] = {"timeline": Told, "missed": Missed, "unanswered": Unanswered, "runbooks": Followed, "runs": Run, "similar": Link}
    values: dict[str, Any] = {name: [kinds[name](**row) for row in value] if name in kinds else value for name, value in kept.items()}
    return Findings(**values)


def _timeline(postmortem: Postmortem, incident: Incident) -> list[Told]:
    left_out = set(postmortem.left_out.values_list("entry", flat=True)) if postmortem.pk else set()
    found: list[Told] = []
    before: datetime | None = None
    for at, text, entry in sorted(_as_corrected(incident), key=lambda row: (row[0], row[2].pk)):
        gap = at - before if before and (incident.resolved_at is None or at <= incident.resolved_at) else timedelta()
        silent = int(gap.total_seconds()) if gap > SILENCE else 0
        who = str(entry.by) if entry.by else ""
        found.append(Told(entry.pk, at.isoformat(), entry.kind, text, who, entry.url, silent, entry.pk in left_out))
        before = at
    return found


def _as_corrected(incident: Incident) -> Iterator[tuple[datetime, str, Entry]]:
    """When it happened, what it says and the entry: the newest correction counts. 5 queries."""
    for line in recording.lines(list(timeline.story(incident).exclude(kind__in=SILENT).order_by("at", "pk")[:MOST])):
        yield line.at, " ".join((line.body or line.entry.text).split())[:1000], line.entry


def _missed(promise: Promise) -> Missed:
    came = promise.settled_at if promise.verdict == Promise.Verdict.LATE else None
    return Missed(promise.get_kind_display(), promise.due_at.isoformat(), came.isoformat() if came else "")


def _pages(incident: Incident) -> Any:
    """Those that were to reach a person by a channel of their own or in a bundle; cancelled ones were never owed. 1 query."""
    pages = Message.objects.filter(about=incident.subject, purpose=Message.Purpose.PAGE).select_related("recipient", "method")
    return (
        pages.exclude(state__in=[Message.State.CANCELLED, Message.State.SUPPRESSED])
        .annotate(handed_at=Coalesce("sent_at", "bundle__sent_at"))
        .order_by("pk")
    )


def _unanswered(page: Any, acknowledged: datetime | None) -> Unanswered | None:
    who, channel = str(page.recipient), page.channel
    if page.state == Message.State.EXHAUSTED:
        return Unanswered(who, channel, "", f"not handed over: {page.reason or 'the channel gave up'}")
    if page.handed_at is None or (acknowledged and acknowledged <= page.handed_at + ANSWER_WITHIN):
        return None
    return Unanswered(who, channel, page.handed_at.isoformat(), "nobody acknowledged within 5 min")


def _runbooks(incident: Incident) -> list[Followed]:
    found = []
    for progress in following.for_subject(incident.subject):
        runbook = progress.following.runbook
        skipped = [
            [number, step["title"], progress.marked[step["key"]].note]
            for number, step in enumerate(steps_of(progress.following.sections), start=1)
            if step["key"] in progress.marked and progress.marked[step["key"]].state == FollowedStep.State.SKIPPED
        ]
        done = progress.done - len(skipped)
        found.append(Followed(runbook.title, progress.following.version, runbook.get_absolute_url(), done, progress.total, skipped))
    return found


def _runs(incident: Incident) -> list[Run]:
    runs = DiagnosticRun.objects.filter(about=incident.subject).select_related("target").order_by("pk")[:100]
    return [
        Run(run.diagnostic, str(run.target or ""), run.finding or run.get_state_display(), run.queued_at.isoformat(), f"/diagnostics/runs/{run.pk}/")
        for run in runs
    ]
