"""The phases people see, derived from status and milestones (product.md section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from incidents.models import Incident
from incidents.models.incident import Status

# phase: (word, statuses while it is under way, milestone that ends it)
PHASES = (
    ("Detect", {Status.TRIAGE}, "acknowledged"),
    ("Respond", {Status.INVESTIGATING}, "identified"),
    ("Mitigate", {Status.IDENTIFIED}, "mitigated"),
    ("Resolve", {Status.MITIGATED}, "resolved"),
    ("Learn", {Status.RESOLVED}, "closed"),
)


@dataclass(frozen=True, slots=True)
class Phase:
    """state: done, now or todo. `since`: when it became what it is; None while unknown."""

    word: str
    state: str
    since: datetime | None


def of(incident: Incident, moments: dict[str, datetime]) -> list[Phase]:
    """The five phases in their row; `moments` are the incident's milestones by name. 0 queries."""
    if incident.status in (Status.CANCELLED, Status.MERGED):
        return []
    at = next((i for i, (_, statuses, _) in enumerate(PHASES) if incident.status in statuses), len(PHASES))
    found = []
    for i, (word, _, ends_with) in enumerate(PHASES):
        began = moments.get(PHASES[i - 1][2]) if i else incident.opened_at
        found.append(
            Phase(word, "done" if i < at else "now" if i == at else "todo", moments.get(ends_with) if i < at else began if i == at else None)
        )
    return found
