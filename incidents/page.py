"""What the page of an incident shows: every part from one place, a fixed number of queries whatever the incident has grown to."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max

from incidents import (
    asking,
    chat,
    checking,
    clocks,
    closing,
    communications,
    freshness,
    impact,
    lifecycle,
    milestones,
    mitigating,
    paging,
    phases,
    policies,
    pulling,
    recording,
    roles,
    telemetry,
    templating,
    timeline,
)
from incidents.clocks import Clock
from incidents.models import ChatChannel, Copy, Episode, ExternalStatusPage, Holding, Incident, Milestone, MitigationOption, Promise, Update
from incidents.models.incident import Cancelled, Severity, Status
from incidents.panels import after
from incidents.recording import Line
from portal.accounts.models import User
from runbooks import following, matching
from runbooks.matching import Match
from runbooks.models import Section

ENTRIES = 50  # shown at once
EPISODES = 20
FILTERS = {"all": "All", "updates": "Updates", "people": "Notes", "diagnostics": "Diagnostics"}
KINDS_OF = {
    "updates": ["update", "update_failed", "status", "reopened"],
    "people": ["note", "file", "decision"],
    "diagnostics": ["run", "mitigation", "watch"],
}
# Which part of a runbook answers the phase: what to look at, what to do, what to watch.
SECTION_FOR = {
    Status.TRIAGE: ["diagnosis", "symptoms"],
    Status.INVESTIGATING: ["diagnosis"],
    Status.IDENTIFIED: ["mitigation"],
    Status.MITIGATED: ["verification"],
}


@dataclass(frozen=True, slots=True)
class Communicate:
    """The phase beside the others. dot: empty (nothing sent), run, late or sent (the final one)."""

    dot: str
    words: str


@dataclass(frozen=True, slots=True)
class Sent:
    """An update as it is shown, with what became of its copies."""

    update: Update
    counts: dict[str, int]
    failed: list[Copy]
    mark: str


def whole(user: User, incident: Incident, now: datetime, *, show: str = "all") -> dict[str, Any]:
    """Everything; about 45 queries, none for each row."""
    entries = newest(incident, show)
    return {
        **live(user, incident, now),
        "lines": entries if not incident.is_over else entries[::-1],
        "show": show,
        "filters": FILTERS,
        "older": min((line.entry.pk for line in entries), default=0) if len(entries) == ENTRIES else 0,
        "pinned": recording.pinned(incident),
        **of_dialogs(user, incident, now),
    }


def live(user: User, incident: Incident, now: datetime) -> dict[str, Any]:
    """What is drawn anew when something changed: head, step, metrics, side and bar."""
    moments = {milestone.name: milestone.at for milestone in incident.milestones.all()}
    if "alerted" not in moments and (first := milestones.alerted_at(incident)):
        moments["alerted"] = first
    episodes = list(incident.episodes.select_related("alert__source").order_by("ended_at", "-started_at")[: EPISODES + 1])
    runbooks = _runbooks(episodes)
    running = clocks.running(incident, now)
    updates = sent(incident)
    began = moments.get("impact_started", incident.opened_at)
    holding = roles.held(incident)
    next_status = lifecycle.next_status(incident)
    return {
        "incident": incident,
        "now": now,
        "moments": moments,
        "began": began,
        "took": incident.resolved_at - began if incident.resolved_at else None,
        "acknowledged_in": moments["acknowledged"] - moments["alerted"] if {"acknowledged", "alerted"} <= set(moments) else None,
        "phases": phases.of(incident, moments),
        "communicate": _communicate(incident, running, updates),
        "clocks": running,
        "clock": _first(running),
        "watch": next((clock for clock in running if clock.promise.kind == Promise.Kind.WATCH), None),
        "ladder": paging.ladder(incident),
        "episodes": episodes[:EPISODES],
        "more_episodes": max(incident.episodes.count() - EPISODES, 0),
        "runbooks": runbooks,
        "followed": (followed := following.for_subject(incident.subject)),
        "step": None if followed else _step(incident, runbooks),
        "gauges": (shown := telemetry.gauges(incident, now)),
        "out_of_band": [gauge for gauge in shown if gauge.verdict == "bad"],
        "in_band": [gauge for gauge in shown if gauge.verdict != "bad"],
        "sampled_at": _sampled_at(shown, incident),
        "holding": holding,
        "commander": holding.get(Holding.Role.COMMANDER, [None])[0],
        "communicator": holding.get(Holding.Role.COMMUNICATIONS, [None])[0],
        "roles": [(held.get_role_display(), held) for held in sorted((h for found in holding.values() for h in found), key=lambda h: h.taken_at)],
        "impact": impact.sentence(impact.of(incident)),
        "groups": checking.groups(incident),
        "updates": updates[::-1],
        "kept": [promise for promise in clocks.judged(incident) if promise.is_about_updates],
        "mitigations": list(incident.mitigations.select_related("by", "second")),
        "channel": _channel(incident),
        "merged": list(incident.merged.all()) if not incident.waits else [],
        "meeting": getattr(incident, "meeting", None),
        "runbook_answer": getattr(incident, "runbook_answer", None),
        "asks_runbook": asking.is_asked(incident),
        "disorder": milestones.disorder(moments),
        "next_status": next_status if next_status != Status.CLOSED else None,
        "may_respond": policies.can_respond(user, incident),
        "may_approve": communications.can_approve(user, incident),
        "panels": [panel for _, panel in after],
        "mark": freshness.mark(incident.pk, user=user) or "",
    }


def of_dialogs(user: User, incident: Incident, now: datetime) -> dict[str, Any]:
    """What the forms need; nothing for those who only read."""
    if not policies.can_respond(user, incident):
        return {}
    return {
        **of_update(incident, now),
        "earlier": [status for status in lifecycle.FORWARD if status in _before(incident)],
        "severities": Severity.choices,
        "causes": Cancelled.choices,
        "role_choices": Holding.Role.choices,
        "people": list(User.objects.filter(is_active=True, is_service=False)[:200]),
        "may_change": (may_change := policies.can_change_things(user)),
        "levers": levers_with_tokens(mitigating.options_for(incident), incident, user if may_change else None),
        "needs_second": pulling.needs_second(incident),
        "others": list(Incident.objects.visible_to(user).open().exclude(pk=incident.pk).order_by("-pk")[:50]),
        "missing": closing.missing(incident) if incident.status == Status.RESOLVED else [],
        "may_override": incident.status == Status.RESOLVED and policies.can_override(user, incident),
        "proposed_channel": chat.proposed(incident),
        "bot": chat.can_create(),
        "milestone_choices": Milestone.Name.choices,
        "meeting_default": getattr(getattr(incident, "meeting", None), "starts_at", None) or now + timedelta(hours=24),
    }


def of_update(incident: Incident, now: datetime, kind: str = "") -> dict[str, Any]:
    """The form of the next update, filled from facts."""
    kind = kind if kind in templating.Kind.values else templating.kind_now(incident)
    next_at = None if kind == templating.Kind.RESOLUTION and incident.is_over else clocks.next_update_at(incident, now)
    to = communications.recipients(incident)
    public = communications.may_be_public(incident)
    people = sum(found.people for found in to if found.stakeholders.is_chosen)
    return {
        "kind": kind,
        "kinds": templating.Kind.choices,
        "draft": templating.draft(incident, kind, at=now, next_at=next_at),
        "waits": _waits(incident, now, next_at),
        "recipients": to,
        "may_be_public": public,
        "has_external": public and ExternalStatusPage.objects.filter(is_enabled=True).exists(),
        "people_now": people,
        "number": incident.updates.count() + 1,
        "key": uuid.uuid4().hex,
        "public_word": templating.PUBLIC_WORDS.get(Status(incident.status), ""),
    }


def opened(incident: Incident, user: User, at: datetime, *, kind: str, text: str, url: str = "") -> None:
    """Somebody who responds opened a runbook or the dashboard: told once for each person, and it ticks the checklist."""
    if not policies.can_respond(user, incident) or timeline.story(incident).filter(kind=kind, by=user, text=text).exists():
        return
    with transaction.atomic():
        timeline.append(incident, kind=kind, at=at, by=user, text=text, url=url)
        checking.look(incident, at, kind)


def newest(incident: Incident, show: str = "all", *, before: int = 0) -> list[Line]:
    """The newest entries, newest first; `before`: those older than that one. 5 queries."""
    found = timeline.story(incident)
    if show in KINDS_OF:
        found = found.filter(kind__in=KINDS_OF[show])
    if before:
        found = found.filter(pk__lt=before)
    return recording.lines(list(found.order_by("-pk")[:ENTRIES]))


def sent(incident: Incident) -> list[Sent]:
    """Updates, oldest first, with their copies. 3 queries."""
    updates = list(incident.updates.select_related("posted_by", "approved_by"))
    counts = communications.delivery(updates)
    failed: dict[int, list[Copy]] = {}
    for copy in Copy.objects.filter(update_of__in=updates, state="failed") if updates else []:
        failed.setdefault(copy.update_of_id, []).append(copy)
    return [Sent(update, counts.get(update.pk, {}), failed.get(update.pk, []), communications.text_mark(update)) for update in updates]


def _communicate(incident: Incident, running: list[Clock], updates: list[Sent]) -> Communicate:
    said = f"{len(updates)} sent" if updates else "nothing sent"
    about = [clock for clock in running if clock.promise.is_about_updates]
    if any(clock.state == "late" for clock in about):
        return Communicate("late", f"late · {said}")
    if about:
        return Communicate("run", f"clock running · {said}")
    if updates and updates[-1].update.promised_next_at is None:
        return Communicate("sent", f"final update sent · {len(updates)} in all")
    return Communicate("", said)


def _first(running: list[Clock]) -> Clock | None:
    """The one for the first cell: what is late, else what is soonest."""
    return next((clock for clock in running if clock.state == "late"), running[0] if running else None)


def _waits(incident: Incident, now: datetime, next_at: datetime | None) -> list[tuple[str, str]]:
    """How long until the next word: minutes, and the words of the choice; the cadence's first."""
    found = {}
    if next_at is not None:
        minutes = max(round((next_at - now).total_seconds() / 60), 1)
        found[minutes] = f"{next_at:%H:%M} UTC, in {minutes} min (SEV{incident.severity})"
    for minutes in (5, 10, 15, 30, 60, 240):
        found.setdefault(minutes, f"{now + timedelta(minutes=minutes):%H:%M} UTC, in {minutes} min")
    choices = [(str(minutes), words) for minutes, words in found.items()]
    return [("", "This is the final update"), *choices] if incident.is_over else choices


def _runbooks(episodes: list[Episode]) -> list[Match]:
    """The runbooks of the incident's alerts, best first, each once; the first three alert names are asked."""
    by_name = {episode.alert.name: episode.alert for episode in reversed(episodes)}
    found: dict[int, Match] = {}
    for alert in list(by_name.values())[:3]:
        for match in matching.for_alert(alert.labels, alert.annotations):
            found.setdefault(match.runbook.pk, match)
    return list(found.values())[:5]


def _step(incident: Incident, runbooks: list[Match]) -> Section | None:
    """While nobody follows one: the part of the best runbook that answers the present phase. 0-1 query."""
    kinds = SECTION_FOR.get(Status(incident.status), [])
    if not runbooks or not kinds:
        return None
    found = list(Section.objects.filter(runbook=runbooks[0].runbook, kind__in=kinds))
    return min(found, key=lambda section: (kinds.index(section.kind), section.order), default=None)


def _sampled_at(shown: list[telemetry.Gauge], incident: Incident) -> datetime | None:
    return incident.service.readings.aggregate(at=Max("asked_at"))["at"] if shown and incident.service else None


def _channel(incident: Incident) -> ChatChannel | None:
    return ChatChannel.objects.filter(incident=incident).first()


def _before(incident: Incident) -> list[Status]:
    if incident.status not in lifecycle.FORWARD:
        return []
    return lifecycle.FORWARD[: lifecycle.FORWARD.index(Status(incident.status))]


def levers_with_tokens(options: list[MitigationOption], incident: Incident, user: User | None) -> list[tuple[MitigationOption, str]]:
    """Each lever with what confirms it; empty for those pulled by hand, and for whoever may not have the portal pull one."""
    return [(option, pulling.preview(incident, option, by=user) if user and option.webhook_url else "") for option in options]
