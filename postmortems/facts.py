"""The facts of a postmortem: computed while it is a draft, kept as they were once it is published."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from incidents.models import Incident, Milestone
from portal import journal
from postmortems.models import Postmortem


@dataclass(frozen=True, slots=True)
class Facts:
    """What the section Meta shows. Moments are ISO 8601 in UTC, so that a snapshot is plain JSON. An imported text may give none of them."""

    began_at: str  # impact started, else detected, else opened; "" when an imported text does not say
    began_with: str  # which of these
    resolved_at: str
    duration_seconds: int
    severity: int  # 1 worst .. 4 least, 0 unknown
    service: str  # "" for none
    responders: list[str]
    alerts: list[str]

    @property
    def began(self) -> datetime | None:
        return datetime.fromisoformat(self.began_at) if self.began_at else None

    @property
    def resolved(self) -> datetime | None:
        return datetime.fromisoformat(self.resolved_at) if self.resolved_at else None

    @property
    def duration(self) -> timedelta:
        return timedelta(seconds=self.duration_seconds)


def of(postmortem: Postmortem) -> Facts:
    """The snapshot of a published postmortem, otherwise computed. 0 or 3 queries."""
    if postmortem.published_facts is not None:
        return Facts(**postmortem.published_facts)
    return compute(postmortem.incident) if postmortem.incident else UNKNOWN


def compute(incident: Incident) -> Facts:
    """The facts as the incident tells them now. 3 queries."""
    moments = {milestone.name: milestone.at for milestone in incident.milestones.all()}
    names = (Milestone.Name.IMPACT_STARTED, Milestone.Name.DETECTED)
    began_with, began = next(((name.label, moments[name]) for name in names if name in moments), ("Opened", incident.opened_at))
    resolved = incident.resolved_at
    people = journal.entries(incident.subject).exclude(by=None).values_list("by__name", flat=True)
    alerts = incident.episodes.values_list("alert__name", flat=True)
    return Facts(
        began_at=began.isoformat(),
        began_with=began_with,
        resolved_at=resolved.isoformat() if resolved else "",
        duration_seconds=max(int((resolved - began).total_seconds()), 0) if resolved else 0,
        severity=incident.severity,
        service=incident.service.name if incident.service else "",
        responders=list(dict.fromkeys(people)),
        alerts=sorted(set(alerts)),
    )


def changed_since(postmortem: Postmortem) -> list[str]:
    """What the incident says otherwise than the published snapshot, as sentences; nothing while it is a draft. 0 or 3 queries."""
    if postmortem.published_facts is None or postmortem.incident is None:
        return []
    then, now = of(postmortem), compute(postmortem.incident)
    words = {"began_at": "when it began", "resolved_at": "when it was resolved", "severity": "its severity", "service": "its service"}
    return [f"{words[name].capitalize()} changed: {getattr(then, name)} then, {getattr(now, name)} now." for name in words
            if getattr(then, name) != getattr(now, name)]  # fmt: skip


def snapshot(incident: Incident) -> dict[str, object]:
    """What publishing keeps."""
    return asdict(compute(incident))


UNKNOWN = Facts("", "", "", 0, 0, "", [], [])
