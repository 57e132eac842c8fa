"""The whole story of one incident as Markdown and as JSON: what an outsider needs to follow it without the portal."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from incidents import clocks, impact, recording, timeline
from incidents.models import Incident
from incidents.recording import Line


def as_data(incident: Incident) -> dict[str, Any]:
    """Plain JSON values; moments are ISO 8601 in UTC. 12 queries, whatever its length."""
    cost = asdict(impact.of(incident))
    return {
        "reference": incident.reference,
        "title": incident.title,
        "summary": incident.summary,
        "kind": incident.kind,
        "severity": incident.severity,
        "status": incident.status,
        "service": incident.service.slug if incident.service else None,
        "opened_at": _iso(incident.opened_at),
        "resolved_at": _iso(incident.resolved_at),
        "impact": {**cost, "revenue_lost": str(cost["revenue_lost"]) if cost["revenue_lost"] is not None else None},
        "milestones": [
            {"name": m.name, "at": _iso(m.at), "source": m.source, "author": _name(m.author), "edited": m.edited}
            for m in incident.milestones.select_related("author")
        ],
        "roles": [
            {"role": h.role, "person": str(h.person), "taken_at": _iso(h.taken_at), "left_at": _iso(h.left_at), "state": h.state_of_play}
            for h in incident.roles.select_related("person")
        ],
        "promises": [
            {"what": p.kind, "promised_for": _iso(p.due_at), "settled_at": _iso(p.settled_at), "verdict": p.verdict} for p in clocks.judged(incident)
        ],
        "updates": [
            {
                **{"number": u.number, "kind": u.kind, "status": u.status, "posted_at": _iso(u.posted_at), "posted_by": str(u.posted_by)},
                **{"internal": u.internal, "public": u.public, "executive": u.executive, "promised_next_at": _iso(u.promised_next_at)},
            }
            for u in incident.updates.select_related("posted_by")
        ],
        "checklist": [
            {"group": c.group, "text": c.text, "state": c.state, "by": _name(c.by), "at": _iso(c.at), "why": c.why}
            for c in incident.checks.select_related("by")
        ],
        "timeline": [_entry(line) for line in _story(incident)],
    }


def as_markdown(incident: Incident) -> str:
    """Headings, facts, updates and the timeline, oldest first; times in UTC with their date."""
    data = as_data(incident)
    parts = [f"# {data['reference']} {incident.title}", _facts(incident, data)]
    if incident.summary:
        parts.append(incident.summary)
    parts.append("## Milestones\n\n" + "\n".join(f"- {m['name']}: {m['at']}{' (edited)' if m['edited'] else ''}" for m in data["milestones"]))
    for update in data["updates"]:
        parts.append(f"## Update {update['number']}, {update['kind']}, {update['posted_at']}\n\n{_quoted(update['internal'] or update['public'])}")
    marks = {"ticked": "x", "skipped": "-", "open": " "}
    parts.append("## Checklist\n\n" + "\n".join(f"- [{marks[c['state']]}] {c['text']}" for c in data["checklist"]))
    parts.append("## Timeline\n\n" + "\n".join(_line(entry) for entry in data["timeline"]))
    return "\n\n".join(parts) + "\n"


def _facts(incident: Incident, data: dict[str, Any]) -> str:
    lines = [
        f"- Severity: SEV{incident.severity}",
        f"- Status: {incident.get_status_display()}",
        f"- Service: {data['service'] or 'unassigned'}",
        f"- Opened: {data['opened_at']}",
        f"- Resolved: {data['resolved_at'] or 'no data'}",
        f"- Impact: {impact.sentence(impact.of(incident)) or 'no data'}",
    ]
    return "\n".join(lines)


def _story(incident: Incident) -> list[Line]:
    return recording.lines(list(timeline.story(incident).order_by("at", "pk")))


def _entry(line: Line) -> dict[str, Any]:
    entry = line.entry
    return {
        "id": entry.pk,
        "at": _iso(line.at),
        "recorded_at": _iso(entry.recorded_at),
        "kind": entry.kind,
        "by": _name(entry.by),
        "text": entry.text,
        "body": line.body,
        "edited": bool(line.revisions),
        "pinned": line.is_pinned,
        "files": [{"name": f.name, "type": f.media_type, "size": f.size, "sha256": f.sha256} for f in line.files],
    }


def _line(entry: dict[str, Any]) -> str:
    who = f" ({entry['by']})" if entry["by"] else ""
    head = f"- {entry['at']} {' '.join(entry['text'].split())}{who}{' (edited)' if entry['edited'] else ''}"
    return head + (f"\n\n{_quoted(entry['body'], '  ')}\n" if entry["body"] else "")


def _quoted(text: str, indent: str = "") -> str:
    return "\n".join(f"{indent}> {line}" for line in text.splitlines())


def _name(person: object | None) -> str | None:
    return str(person) if person else None


def _iso(moment: datetime | None) -> str | None:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if moment else None
