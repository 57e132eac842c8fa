"""A diagnostic that its person ran proves the items of their shift checklist that ask for it."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from oncall import checklists
from oncall.proofs import DIAGNOSTIC, Proof
from runbooks.diagnostics import registry
from runbooks.models import DiagnosticRun


def by_run(run: DiagnosticRun, at: datetime) -> None:
    """What asks for it is ticked, in the caller's transaction, if a person asked for the run, it ended by itself and it found nothing bad."""
    ended_well = run.state == DiagnosticRun.State.DONE and run.severity != DiagnosticRun.Severity.BAD
    if run.asked_by and ended_well:
        checklists.prove(run.asked_by, f"{DIAGNOSTIC}:{run.diagnostic}", by_what=f"{run.diagnostic}: {run.finding}", at=at)


def reading() -> list[str]:
    """Diagnostics that change nothing."""
    return [slug for slug, diagnostic in registry.diagnostics if diagnostic.kind == "reads"]


PROOF = Proof("a diagnostic that you run", names=reading, url=lambda slug: reverse("diagnostic-detail", args=[slug]))
