"""What has to be there before an incident is closed: a list of plain sentences, empty when all is well (product.md section 4)."""

from __future__ import annotations

from collections.abc import Callable

from incidents.models import Incident, Milestone
from portal.errors import DomainError
from portal.shelves import Shelf

# gate(incident) -> sentences on what is missing. Packages to the right add theirs: the postmortem, the runbook question.
gates: Shelf[Callable[[Incident], list[str]]] = Shelf("closing gates")
MILESTONES = (Milestone.Name.IMPACT_STARTED, Milestone.Name.DETECTED, Milestone.Name.MITIGATED, Milestone.Name.RESOLVED)


class NotReady(DomainError):
    """The closing gate is not empty. `missing`: its sentences."""

    code = "not_ready_to_close"

    def __init__(self, missing: list[str]) -> None:
        super().__init__("Not ready to close. " + " ".join(missing) + " A lead may close it all the same with a reason.")
        self.missing = missing


def missing(incident: Incident) -> list[str]:
    """What stands between this incident and closed. 1 query for each gate."""
    return [sentence for _, gate in gates for sentence in gate(incident)]


def missing_milestones(incident: Incident) -> list[str]:
    """The gate of milestones. 1 query."""
    known = set(incident.milestones.values_list("name", flat=True))
    lacks = [name.label.lower() for name in MILESTONES if name not in known]
    return [f"No time is known for: {', '.join(lacks)}."] if lacks else []
