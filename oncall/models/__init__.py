"""Who answers: teams, services, rotations, escalation, checklists."""

from oncall.models.checklist import Checklist, ChecklistItem, ChecklistTemplate, TemplateItem
from oncall.models.escalation import EscalationPolicy, EscalationStep
from oncall.models.rotation import Override, Rotation, Turn
from oncall.models.team import Membership, Service, Team

__all__ = [
    "Checklist",
    "ChecklistItem",
    "ChecklistTemplate",
    "EscalationPolicy",
    "EscalationStep",
    "Membership",
    "Override",
    "Rotation",
    "Service",
    "Team",
    "TemplateItem",
    "Turn",
]
