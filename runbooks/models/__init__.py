"""What we know: runbooks, and the diagnostics that check what they say."""

from runbooks.models.diagnostic import DiagnosticRun, Target

__all__ = ["DiagnosticRun", "Target"]
