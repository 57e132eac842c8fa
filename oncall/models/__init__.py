"""Who answers: teams, services, rotations, escalation, checklists, absences, hand-offs."""

from oncall.models.absence import Absence, Calendar
from oncall.models.checklist import Checklist, ChecklistItem, ChecklistTemplate, TemplateItem
from oncall.models.escalation import EscalationPolicy, EscalationStep
from oncall.models.feed import Feed
from oncall.models.handoff import Handoff
from oncall.models.rotation import AcceptedGap, Layer, Override, Rotation, Swap, Turn
from oncall.models.team import Membership, Service, Team

__all__ = [
    "Absence",
    "AcceptedGap",
    "Calendar",
    "Checklist",
    "ChecklistItem",
    "ChecklistTemplate",
    "EscalationPolicy",
    "EscalationStep",
    "Feed",
    "Handoff",
    "Layer",
    "Membership",
    "Override",
    "Rotation",
    "Service",
    "Swap",
    "Team",
    "TemplateItem",
    "Turn",
]
