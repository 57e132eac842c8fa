"""What a postmortem starts with: the template of its team and severity, of its team, of its severity, or of everybody."""

from __future__ import annotations

from django.db.models import Q

from oncall.models import Team
from postmortems.models import Section, Template
from postmortems.models.postmortem import ORDER, REQUIRED


def of(team: Team, severity: int) -> Template | None:
    """The most particular one: a team counts for more than a severity. 1 query."""
    fitting = Template.objects.filter(Q(team=team) | Q(team=None), Q(severity=severity) | Q(severity=None))
    return max(fitting, key=lambda found: (found.team_id is not None, found.severity is not None), default=None)


def sections_of(team: Team, severity: int) -> list[tuple[str, str]]:
    """(kind, text to begin with) in the order of the page: the written ones of the eight, and what the template has besides. 1-2 queries."""
    template = of(team, severity)
    bodies = dict(template.sections.values_list("kind", "body")) if template else {}
    kinds = {*REQUIRED, *(Section.Kind(kind) for kind in bodies)}
    return [(kind, bodies.get(kind, "")) for kind in sorted(kinds, key=lambda kind: ORDER[kind])]
