"""Templates of updates: facts put into words by plain substitution, once, as text. Nothing in a template or a fact is executed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from incidents import clocks, impact
from incidents.models import Audience, Incident, Mitigation, Reading, UpdateTemplate
from incidents.models.incident import Status
from portal.web.moments import duration

Kind = UpdateTemplate.Kind
# {name} between no other braces: {{name}}, {name.x} and {name!r} are text like any other.
_PLACE = re.compile(r"(?<![{$%])\{([a-z_]{1,40})\}(?!\})")
GAP = "[{name}: to be filled in]"

PUBLIC_WORDS = {
    Status.INVESTIGATING: "Investigating",
    Status.IDENTIFIED: "Identified",
    Status.MITIGATED: "Monitoring",
    Status.RESOLVED: "Resolved",
    Status.CLOSED: "Resolved",
}

SHIPPED: dict[tuple[str, str], str] = {
    (Kind.INITIAL, Audience.INTERNAL): (
        "🚨 [SEV{severity}] {title}\n\nImpact: {impact}\nStatus: {status}\nTime: {time} UTC\n\n"
        "{thinking} {doing}\nNext update in {next_minutes} minutes.\n\nDashboard: {dashboard}"
    ),
    (Kind.PROGRESS, Audience.INTERNAL): ("Update: {title}\n\n{done} {change}\n{doing}\n\nNext update in {next_minutes} minutes or when resolved."),
    (Kind.RESOLUTION, Audience.INTERNAL): (
        "✅ Resolved: {title}\n\nIssue: {issue}\nMitigation: {mitigation}\nCurrent status: {metrics}\n\n"
        "Duration: {minutes} minutes ({start} - {end} UTC)\nImpact: {impact}\n\nPostmortem: Will be published within {postmortem_hours} hours"
    ),
    (Kind.INITIAL, Audience.PUBLIC): "{public_impact} since about {start} UTC. We are looking into it. Next update by {next_at} UTC.",
    (Kind.PROGRESS, Audience.PUBLIC): "{public_impact} since about {start} UTC. {public_doing} Next update by {next_at} UTC or when resolved.",
    (Kind.RESOLUTION, Audience.PUBLIC): "This is resolved. It lasted from {start} to {end} UTC. Everything works again.",
    (Kind.INITIAL, Audience.EXECUTIVE): "Status: {status}, SEV{severity}\n\nOverview: {title}. Impact: {impact}.\n\nNext steps: {doing}",
    (Kind.PROGRESS, Audience.EXECUTIVE): "Status: {status}, SEV{severity}\n\nOverview: {title}. Impact: {impact}. {done}\n\nNext steps: {doing}",
    (Kind.RESOLUTION, Audience.EXECUTIVE): (
        "Status: resolved\n\nOverview: {title}. It lasted {minutes} minutes. Impact: {impact}.\n\n"
        "Next steps: the postmortem is published within {postmortem_hours} hours."
    ),
}


def fill(text: str, facts: Mapping[str, str]) -> str:
    """Each {name} of `facts` replaced once; an empty fact leaves a visible gap; everything else stays as it is."""

    def put(found: re.Match[str]) -> str:
        name = found[1]
        if name not in facts:
            return found[0]
        return facts[name] or GAP.format(name=name.replace("_", " "))

    return _PLACE.sub(put, text)


def gaps(text: str) -> list[str]:
    """The gaps that are left in a text."""
    return re.findall(r"\[[a-z ]{1,40}: to be filled in\]", text)


def kind_now(incident: Incident) -> str:
    """Which update comes next: initial, progress, and resolution once it is resolved. 1 query."""
    if incident.status in (Status.RESOLVED, Status.CLOSED):
        return Kind.RESOLUTION
    return Kind.PROGRESS if incident.updates.exists() else Kind.INITIAL


def draft(incident: Incident, kind: str, *, at: datetime, next_at: datetime | None) -> dict[str, str]:
    """The text for each audience, filled from what is known now. 4-6 queries."""
    rows = dict(UpdateTemplate.objects.filter(kind=kind).values_list("audience", "body"))
    known = facts_of(incident, at=at, next_at=next_at)
    return {audience: fill(rows.get(audience, SHIPPED[Kind(kind), Audience(audience)]), known) for audience in Audience.values}


def facts_of(incident: Incident, *, at: datetime, next_at: datetime | None) -> dict[str, str]:
    """What a template may name; an empty one is a gap. Moments are UTC, as clock times. 4-5 queries."""
    moments = {m.name: m.at for m in incident.milestones.all()}
    began, ended = moments.get("impact_started", moments.get("detected", incident.opened_at)), incident.resolved_at or at
    tried = incident.mitigations.exclude(run=Mitigation.Run.WAITING).order_by("-pk").first()
    asked = clocks.cadence(incident.severity)
    hours = int(asked.publish.total_seconds() // 3600) if asked.publish else 48
    cost = impact.sentence(impact.of(incident))
    return {
        "severity": str(incident.severity),
        "reference": incident.reference,
        "title": incident.title,
        "service": incident.service.name if incident.service else "",
        "status": incident.get_status_display(),
        "impact": cost,
        "public_impact": "",
        "public_doing": _public_doing(incident),
        "time": _clock(at),
        "start": _clock(began),
        "end": _clock(ended),
        "minutes": str(max(round((ended - began).total_seconds() / 60), 0)),
        "duration": duration(ended - began),
        "next_minutes": str(max(round((next_at - at).total_seconds() / 60), 0)) if next_at else "",
        "next_at": _clock(next_at) if next_at else "",
        "dashboard": incident.service.dashboard_url if incident.service else "",
        "thinking": "",
        "doing": f"{tried.name} is being tried." if tried and tried.outcome == tried.Outcome.TRYING else "",
        "done": f"{tried.name}: {tried.get_outcome_display().lower()}." if tried else "",
        "change": _change(incident),
        "issue": "",
        "mitigation": tried.name if tried else "",
        "metrics": _change(incident),
        "postmortem_hours": str(hours),
    }


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%H:%M}"


def _public_doing(incident: Incident) -> str:
    return {
        Status.IDENTIFIED: "We found the cause and are fixing it.",
        Status.MITIGATED: "A fix is in place and we are watching it.",
        Status.RESOLVED: "This is resolved.",
    }.get(Status(incident.status), "We are looking into it.")


def _change(incident: Incident) -> str:
    """The first metric that was watched: `Error rate decreasing from 8 % → 3 %.` Empty without data. 1 query."""
    if incident.service_id is None:
        return ""
    reading = Reading.objects.filter(service=incident.service_id).exclude(value=None).select_related("metric").order_by("metric__order").first()
    if reading is None or reading.value is None:
        return ""
    values = [value for value in reading.points if value is not None]
    first, last, unit = max(values, default=reading.value), reading.value, f" {reading.metric.unit}" if reading.metric.unit else ""
    if first == last:
        return f"{reading.metric.name} {last:.3g}{unit}."
    return f"{reading.metric.name} {'decreasing' if last < first else 'increasing'} from {first:.3g}{unit} → {last:.3g}{unit}."


def lay_out(now: datetime) -> str:
    """The seed chapter: every shipped text as an editable row, where none exists."""
    have = set(UpdateTemplate.objects.values_list("kind", "audience"))
    missing = [(kind, audience, body) for (kind, audience), body in SHIPPED.items() if (kind, audience) not in have]
    for kind, audience, body in missing:
        UpdateTemplate.objects.create(kind=kind, audience=audience, body=body)
    return f"{len(missing)} update templates" if missing else ""
