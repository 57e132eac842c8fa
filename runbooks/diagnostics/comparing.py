"""A run beside the last healthy one: same diagnostic, same target, same parameters where there is one."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from runbooks.models import DiagnosticRun

LINES = 400  # of each output that are compared
CONTEXT = 2


@dataclass(frozen=True, slots=True)
class Line:
    """sign: "+", "-", " " or "…" for what is left out between."""

    sign: str
    text: str


def last_healthy(run: DiagnosticRun) -> DiagnosticRun | None:
    """The newest healthy run before this one. 1-2 queries."""
    earlier = DiagnosticRun.objects.filter(diagnostic=run.diagnostic, target=run.target, severity=DiagnosticRun.Severity.OK, pk__lt=run.pk)
    earlier = earlier.filter(state=DiagnosticRun.State.DONE).order_by("-pk")
    recent = list(earlier[:50])
    return next((found for found in recent if found.parameters == run.parameters), recent[0] if recent else None)


def difference(healthy: DiagnosticRun, run: DiagnosticRun) -> list[Line]:
    """What is gone and what is new since the healthy run, with two lines around. [] for the same output."""
    before, after = healthy.output.splitlines()[:LINES], run.output.splitlines()[:LINES]
    lines: list[Line] = []
    for line in difflib.unified_diff(before, after, lineterm="", n=CONTEXT):
        if line.startswith(("---", "+++")):
            continue
        lines.append(Line("…", "") if line.startswith("@@") else Line(line[:1], line[1:]))
    return lines[1:] if lines and lines[0].sign == "…" else lines
