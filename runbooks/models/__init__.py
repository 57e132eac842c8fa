"""What we know: runbooks, where they come from, what proves them, who follows them, and the diagnostics that check what they say."""

from runbooks.models.change import Change
from runbooks.models.diagnostic import DiagnosticRun, RunRest, Schedule, Target
from runbooks.models.evidence import Evidence, Feedback, RotFinding, Suggestion
from runbooks.models.following import FollowedStep, Following
from runbooks.models.guarded import ChangeRight, Preview
from runbooks.models.library import RunbookSource, SourceFile
from runbooks.models.runbook import NamedPlace, Runbook, RunbookAlias, Section

__all__ = [
    "Change",
    "ChangeRight",
    "DiagnosticRun",
    "Evidence",
    "Feedback",
    "FollowedStep",
    "Following",
    "NamedPlace",
    "Preview",
    "RotFinding",
    "RunRest",
    "Runbook",
    "RunbookAlias",
    "RunbookSource",
    "Schedule",
    "Section",
    "SourceFile",
    "Suggestion",
    "Target",
]
