"""What responders say of a runbook: it helped, it misled, or there was none. One transaction each, nothing is said twice."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from incidents.models import Incident, RunbookAnswer
from oncall.models.team import default_team
from portal import journal
from portal.accounts.models import User
from portal.errors import Invalid
from postmortems import searching
from postmortems.models import ActionItem
from runbooks import editing, freshness
from runbooks.models import DiagnosticRun, Evidence, Feedback, Runbook, RunbookAlias

REPAIR_WITHIN = timedelta(days=7)
SHOWN_COMMANDS = 20
NOTE_AT_LEAST = 5  # characters


@transaction.atomic
def helped(runbook: Runbook, *, about: str = "", step: str = "", by: User, at: datetime) -> Feedback:
    """It led to the answer. In an incident or drill that proves every section; asked again by the same person nothing changes."""
    said, new = _say(runbook, Feedback.Kind.HELPED, about=about, step=step, note="", by=by, at=at)
    if new and about:
        kind = Evidence.Kind.DRILL if _is_drill(about) else Evidence.Kind.INCIDENT
        anchors = [step.rpartition(":")[0]] if step else None
        freshness.record(runbook, kind, anchors=anchors, about=about, by=by, at=at)
    return said


@transaction.atomic
def misled(runbook: Runbook, note: str, *, about: str = "", step: str = "", by: User, at: datetime) -> tuple[Feedback, ActionItem]:
    """It sent somebody wrong: broken until an edit and a review repair it, and an action item for its owner. Raises: Invalid, no note."""
    note = note.strip()
    if len(note) < NOTE_AT_LEAST:
        raise Invalid("Say in one sentence what was wrong, so that its owner can repair it.")
    said, new = _say(runbook, Feedback.Kind.MISLED, about=about, step=step, note=note, by=by, at=at)
    if not new and said.action:
        return said, ActionItem.objects.get(pk=int(said.action.removeprefix("AI-")))
    postmortem = _postmortem(about)
    item = ActionItem.objects.create(
        postmortem=postmortem,
        title=f"Repair the runbook “{runbook.title}”"[:300],
        why=f"{note}\n\nRunbook: {runbook.get_absolute_url()}, version {runbook.version}{_where(about)}",
        type=ActionItem.Type.REPAIR_RUNBOOK,
        priority=ActionItem.Priority.HIGH,
        owner=runbook.owner if runbook.owner and runbook.owner.is_active else runbook.team.leads().first(),
        team=runbook.team,
        due_on=(at + REPAIR_WITHIN).date(),
        created_at=at,
    )
    searching.index_item(item)
    Feedback.objects.filter(pk=said.pk).update(action=item.reference)
    said.action = item.reference
    freshness.restate(runbook, at)
    return said, item


@transaction.atomic
def missing(about: str, *, by: User, at: datetime) -> Runbook:
    """Nobody had written one: a stub from the alert's labels and from what was run, for its team to claim. Raises: Invalid, no such incident."""
    incident = _incident(about)
    if incident is None:
        raise Invalid("There is no incident of that number.")
    known = Feedback.objects.filter(about=about, kind=Feedback.Kind.MISSING).select_related("runbook").first()
    if known:
        return known.runbook
    names = sorted(set(incident.episodes.values_list("alert__name", flat=True)))
    team = incident.team or default_team()
    if team is None:
        raise Invalid("There is no team yet that a runbook could belong to.")
    title = f"{names[0] if names else incident.title}"[:200]
    stub = Runbook(title=title, summary=f"Begun after {incident.reference}. Nobody has confirmed it."[:500], body=_stub(incident), team=team)
    stub.source = Runbook.Source.STUB
    taken = set(RunbookAlias.objects.filter(alertname__in=names).values_list("alertname", flat=True))
    services = [incident.service] if incident.service else []
    editing.save(stub, by=by, at=at, services=services, aliases=[name for name in names if name not in taken])
    _say(stub, Feedback.Kind.MISSING, about=about, step="", note="", by=by, at=at)
    return stub


def _stub(incident: Incident) -> str:
    """Markdown of what is known: the labels that all alerts share, what was run, and the questions that remain."""
    labels: dict[str, set[str]] = {}
    for episode in incident.episodes.select_related("alert")[:50]:
        for name, value in episode.alert.labels.items():
            labels.setdefault(name, set()).add(str(value))
    rows = "\n".join(
        f"| `{_cell(name)}` | {', '.join(f'`{_cell(value)}`' for value in sorted(values)[:5])} |" for name, values in sorted(labels.items())
    )
    runs = DiagnosticRun.objects.filter(about=incident.subject).order_by("pk")[:SHOWN_COMMANDS]
    ran = "\n".join(f"{number}. Run `{run.diagnostic}`: {run.finding or run.get_state_display().lower()}" for number, run in enumerate(runs, start=1))
    table = f"| label | values |\n|---|---|\n{rows}" if rows else "It was declared by hand."
    done = ran or "1. Nobody ran a diagnostic. What did you look at first?"
    return (
        f"## Symptoms\n\n{incident.title}\n\n{table}\n\n## Diagnosis\n\n{done}\n\n"
        "## Mitigation\n\nWhat helped? Write it as numbered steps.\n\n## Verification\n\nHow do you see that it is over?\n"
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("`", "'").replace("\n", " ")[:200]


def _say(runbook: Runbook, kind: Feedback.Kind, *, about: str, step: str, note: str, by: User, at: datetime) -> tuple[Feedback, bool]:
    """The row, and whether it is new: one of a kind from each person for each subject and step."""
    same = Feedback.objects.filter(runbook=runbook, kind=kind, about=about, step=step, by=by, fixed_at=None, version=runbook.version)
    if (known := same.first()) and (about or kind != Feedback.Kind.MISLED):
        return known, False
    said = Feedback.objects.create(runbook=runbook, kind=kind, step=step, note=note, about=about, version=runbook.version, by=by, at=at)
    if about:
        at_step = f", step {step.rpartition(':')[2]}" if step else ""
        text = {"helped": "helped", "misled": f"misled: {note}", "missing": "was missing; a stub is begun"}[kind]
        journal.append(about, kind="step", at=at, by=by, text=f"“{runbook.title}”{at_step} {text}"[:1000], url=runbook.get_absolute_url())
    return said, True


def _incident(about: str) -> Incident | None:
    number = about.removeprefix("incident:")
    return Incident.objects.filter(pk=int(number)).first() if about.startswith("incident:") and number.isdecimal() else None


def _is_drill(about: str) -> bool:
    incident = _incident(about)
    return incident is not None and incident.kind == Incident.Kind.DRILL


def _postmortem(about: str):  # type: ignore[no-untyped-def]
    incident = _incident(about)
    return getattr(incident, "postmortem", None) if incident else None


def _where(about: str) -> str:
    incident = _incident(about)
    return f"; misled in {incident.reference}" if incident else ""


def follow(answer: RunbookAnswer, at: datetime) -> None:
    """What follows from the question that an incident asks once: evidence, an action item, or a stub. In its transaction."""
    about, by = answer.incident.subject, answer.by
    if answer.answer == RunbookAnswer.Answer.HELPED and answer.runbook:
        helped(answer.runbook, about=about, by=by, at=at)
    elif answer.answer == RunbookAnswer.Answer.MISLED and answer.runbook:
        note = answer.note if len(answer.note) >= NOTE_AT_LEAST else f"It misled in {answer.incident.reference}. {answer.note}".strip()
        misled(answer.runbook, note, about=about, by=by, at=at)
    elif answer.answer == RunbookAnswer.Answer.MISSING:
        missing(about, by=by, at=at)


def not_needed(incident: Incident, *, by: User, at: datetime) -> None:
    """An answer too: nobody needs a runbook for this."""
    journal.append(incident.subject, kind="step", at=at, by=by, text="No runbook is needed for this", data={"no_runbook": True})
