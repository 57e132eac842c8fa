"""What we know: runbooks, and the diagnostics that check what they say."""

from runbooks.models.change import Change
from runbooks.models.diagnostic import DiagnosticRun, RunRest, Schedule, Target
from runbooks.models.guarded import ChangeRight, Preview
from runbooks.models.runbook import Runbook, RunbookAlias, Section

__all__ = ["Change", "ChangeRight", "DiagnosticRun", "Preview", "RunRest", "Runbook", "RunbookAlias", "Schedule", "Section", "Target"]
