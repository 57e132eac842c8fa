"""The production checklist of an incident: attached at the start, ticked by anybody who responds, and by what the portal knows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from incidents import timeline
from incidents.models import ChatChannel, Check, Copy, Incident, Mitigation, Promise
from incidents.models.incident import Status
from oncall.models import ChecklistTemplate, TemplateItem
from portal.errors import DomainError, Invalid
from portal.locking import locked_one
from portal.notify.models import Message
from portal.shelves import Shelf
from portal.web.moments import duration

if TYPE_CHECKING:
    from portal.accounts.models import User

TEMPLATE = "production-incident"
FOLLOW_UP = "Follow-up"
REASON_AT_LEAST = 3  # characters
# group → items with the fact that ticks them, if the portal can know one. Words as the on-call field gives them.
ITEMS: dict[str, tuple[tuple[str, str], ...]] = {
    "Detection": (
        ("Alert acknowledged within 5 minutes", "acknowledged"),
        ("Severity assessed (SEV1-4)", "severity"),
        ("Monitoring dashboard opened", "dashboard"),
        ("Recent changes reviewed", ""),
    ),
    "Response": (
        ("Runbook opened", "runbook"),
        ("Diagnostic steps followed", "diagnostics"),
        ("Mitigation attempt made", "mitigation"),
        ("Secondary paged if needed (>15 min)", "secondary"),
    ),
    "Communication": (
        ("Status page updated", "status_page"),
        ("Incident channel created (#incident-YYYY-MM-DD)", "channel"),
        ("Stakeholders notified", "stakeholders"),
        ("Updates every 15-30 minutes", "promises"),
    ),
    "Resolution": (
        ("Metrics confirmed normal", "metrics"),
        ("Monitored for 15-30 minutes", "watched"),
        ("Status page updated (resolved)", "status_page_resolved"),
        ("Incident timeline documented", ""),
    ),
    FOLLOW_UP: (
        ("Postmortem scheduled (24-48h)", "meeting"),
        ("Action items created", "action_items"),
        ("Runbooks updated", "runbooks_updated"),
        ("Lessons shared", "lessons"),
    ),
}
_FACT_OF = {text: fact for items in ITEMS.values() for text, fact in items}
NEED_A_WATCH = {"metrics", "watched"}

# fact(incident) -> how the portal knows, or "" while it does not. Packages to the right add what only they know.
facts: Shelf[Callable[[Incident], str]] = Shelf("facts that tick a checklist")


def attach(incident: Incident) -> None:
    """A copy of the list for a new incident, in the caller's transaction; without a template, the shipped words. 2 queries."""
    template = list(TemplateItem.objects.filter(template__slug=TEMPLATE).values_list("group", "text"))
    items = template or [(group, text) for group, found in ITEMS.items() for text, _ in found]
    Check.objects.bulk_create(
        Check(incident=incident, order=order, group=group, text=text, fact=_FACT_OF.get(text, "")) for order, (group, text) in enumerate(items)
    )


def tick(check_id: int, *, by: User, at: datetime) -> Check:
    """Done. Ticking again changes nothing. Raises: DomainError, skipped meanwhile."""
    return _settle(check_id, Check.State.TICKED, by=by, at=at, why="")


def skip(check_id: int, reason: str, *, by: User, at: datetime) -> Check:
    """Not done, and why. Raises: Invalid, no reason."""
    if len(reason.strip()) < REASON_AT_LEAST:
        raise Invalid("Say in a few words why this check is skipped.")
    return _settle(check_id, Check.State.SKIPPED, by=by, at=at, why=reason.strip()[:300])


@transaction.atomic
def untick(check_id: int, *, by: User, at: datetime) -> Check:
    """Open again; what the portal knows does not tick it a second time."""
    check = _locked(check_id)
    if check.state != Check.State.OPEN:
        check.state, check.by, check.at, check.why, check.fact = Check.State.OPEN, None, None, "", ""
        check.save()
        timeline.append(check.incident, kind="tick", at=at, by=by, text=f"Opened again: {check.text}")
    return check


def look(incident: Incident, at: datetime, *known: str) -> None:
    """Tick what the portal knows by now; `known`: only these facts. In the caller's transaction. 1 query, and 1 or 2 for each open item."""
    waiting = incident.checks.filter(state=Check.State.OPEN).exclude(fact="")
    for check in waiting.filter(fact__in=known) if known else waiting:
        fact = facts.get(check.fact)
        why = fact(incident) if fact else ""
        if why:
            check.state, check.at, check.why = Check.State.TICKED, at, why[:300]
            check.save(update_fields=["state", "at", "why"])
            timeline.append(incident, kind="tick", at=at, by=None, text=f"Ticked by itself: {check.text} ({why})")


def groups(incident: Incident) -> list[tuple[str, list[Check], int]]:
    """By group in order: its items, and how many are settled. 1 query."""
    found: dict[str, list[Check]] = {}
    for check in incident.checks.select_related("by"):
        found.setdefault(check.group, []).append(check)
    return [(group, checks, sum(check.state != Check.State.OPEN for check in checks)) for group, checks in found.items()]


def gate(incident: Incident) -> list[str]:
    """Follow-up items neither ticked nor skipped. 1 query."""
    left = list(incident.checks.filter(group=FOLLOW_UP, state=Check.State.OPEN).values_list("text", flat=True))
    return [f"Tick or skip with a reason: {', '.join(f'“{text}”' for text in left)}."] if left else []


@transaction.atomic
def _settle(check_id: int, state: str, *, by: User, at: datetime, why: str) -> Check:
    check = _locked(check_id)
    if check.state == state:
        return check
    if check.state != Check.State.OPEN:
        who = check.by or "The portal"
        raise DomainError(f"{who} already {check.get_state_display().lower()} “{check.text}”. Open it again first.", code="already_settled")
    check.state, check.by, check.at, check.why = state, by, at, why
    check.save(update_fields=["state", "by", "at", "why"])
    told = f"Ticked: {check.text}" if state == Check.State.TICKED else f"Skipped: {check.text} ({why})"
    timeline.append(check.incident, kind="tick", at=at, by=by, text=told)
    return check


def _locked(check_id: int) -> Check:
    return locked_one(Check.objects.select_related("incident", "by"), check_id)


def _acknowledged(incident: Incident) -> str:
    moments = {m.name: m.at for m in incident.milestones.filter(name__in=["alerted", "detected", "acknowledged"])}
    began = moments.get("alerted", moments.get("detected"))
    if began is None or "acknowledged" not in moments:
        return ""
    took = moments["acknowledged"] - began
    return duration(took) if took <= timedelta(minutes=5) else ""


def _severity(incident: Incident) -> str:
    return f"a person chose SEV{incident.severity}" if incident.severity_set_by_person else ""


def _told(*kinds: str) -> Callable[[Incident], str]:
    """The first entry of these kinds: who and when."""

    def known(incident: Incident) -> str:
        entry = timeline.story(incident).filter(kind__in=kinds).first()
        return f"{entry.by or 'the portal'}, {entry.at:%H:%M} UTC" if entry else ""

    return known


def _mitigation(incident: Incident) -> str:
    found = incident.mitigations.exclude(run=Mitigation.Run.WAITING).select_related("by").first()
    return f"{found.name}, {found.by}, {found.at:%H:%M} UTC" if found else ""


def _secondary(incident: Incident) -> str:
    moments = {m.name: m.at for m in incident.milestones.filter(name__in=["alerted", "acknowledged"])}
    if {"alerted", "acknowledged"} <= set(moments):
        took = moments["acknowledged"] - moments["alerted"]
        if took <= timedelta(minutes=15):
            return f"not needed, acknowledged after {duration(took)}"
    paged = Message.objects.filter(about=incident.subject, purpose=Message.Purpose.PAGE, state=Message.State.SENT)
    people = paged.values("recipient").distinct().count()
    return f"{people} people were paged" if people > 1 else ""


def _status_page(incident: Incident) -> str:
    found = incident.updates.filter(on_status_page=True).exclude(approved_at=None).exclude(public="").first()
    return f"update {found.number}, {found.approved_at:%H:%M} UTC" if found else ""


def _status_page_resolved(incident: Incident) -> str:
    over = incident.updates.filter(on_status_page=True, status__in=[Status.RESOLVED, Status.CLOSED]).exclude(approved_at=None)
    found = over.exclude(public="").first()
    return f"update {found.number}, {found.approved_at:%H:%M} UTC" if found else ""


def _channel(incident: Incident) -> str:
    found = ChatChannel.objects.filter(incident=incident, state__in=[ChatChannel.State.CREATED, ChatChannel.State.BY_HAND]).first()
    return f"#{found.name}" if found else ""


def _stakeholders(incident: Incident) -> str:
    sent = Copy.objects.filter(update_of__incident=incident, state=Copy.State.SENT).count()
    return f"{sent} handed over" if sent else ""


def _promises(incident: Incident) -> str:
    """Once it is over: every promise about updates was kept."""
    if not incident.is_over:
        return ""
    verdicts = list(
        incident.promises.filter(kind__in=["first_update", "scope", "update"]).exclude(verdict="withdrawn").values_list("verdict", flat=True)
    )
    return f"{len(verdicts)} of {len(verdicts)} promises kept" if verdicts and set(verdicts) == {Promise.Verdict.KEPT} else ""


def _watched(incident: Incident) -> str:
    found = incident.promises.filter(kind=Promise.Kind.WATCH, settled_at__isnull=False, verdict__in=["kept", "late"]).last()
    if found is None or found.settled_at is None or found.settled_at < found.due_at:
        return ""
    return f"normal for {duration(found.settled_at - found.made_at)}"


SHIPPED: dict[str, Callable[[Incident], str]] = {
    "acknowledged": _acknowledged,
    "severity": _severity,
    "dashboard": _told("dashboard"),
    "runbook": _told("runbook", "step"),
    "diagnostics": _told("run"),
    "mitigation": _mitigation,
    "secondary": _secondary,
    "status_page": _status_page,
    "status_page_resolved": _status_page_resolved,
    "channel": _channel,
    "stakeholders": _stakeholders,
    "promises": _promises,
    "watched": _watched,
}


def lay_out(now: datetime) -> str:
    """The seed chapter: the production checklist as an editable template, where none exists."""
    template, new = ChecklistTemplate.objects.get_or_create(slug=TEMPLATE, defaults={"name": "Production incident"})
    if not new:
        return ""
    pairs = [(group, text) for group, items in ITEMS.items() for text, _ in items]
    TemplateItem.objects.bulk_create(
        TemplateItem(template=template, order=order, group=group, text=text) for order, (group, text) in enumerate(pairs)
    )
    return f"a checklist of {len(pairs)} items"
