"""What we know: runbooks, and the diagnostics that check what they say."""

from runbooks.models.diagnostic import DiagnosticRun, Target
from runbooks.models.runbook import Runbook, RunbookAlias, Section

__all__ = ["DiagnosticRun", "Runbook", "RunbookAlias", "Section", "Target"]
