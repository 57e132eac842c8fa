"""What happens: incidents, what is promised, said and measured in them, and the alerts that open them."""

from incidents.models.alert import Alert, Delivery, Episode, Observation, SeverityRule, Source, SourceToken
from incidents.models.auto_run import AutoRun
from incidents.models.communication import (
    Audience,
    ChatChannel,
    Copy,
    ExternalReference,
    ExternalStatusPage,
    StakeholderList,
    Update,
    UpdateTemplate,
)
from incidents.models.incident import Holding, Incident, Milestone
from incidents.models.promise import Cadence, Promise
from incidents.models.record import Attachment, Check, Meeting, Mitigation, Pin, Revision, RunbookAnswer
from incidents.models.routing import AlertRule, MaintenanceWindow, SeverityLevel
from incidents.models.status import Component, Maintenance
from incidents.models.telemetry import Metric, MitigationOption, Reading

__all__ = [
    "Alert",
    "AlertRule",
    "Attachment",
    "Audience",
    "AutoRun",
    "Cadence",
    "ChatChannel",
    "Check",
    "Component",
    "Copy",
    "Delivery",
    "Episode",
    "ExternalReference",
    "ExternalStatusPage",
    "Holding",
    "Incident",
    "Maintenance",
    "MaintenanceWindow",
    "Meeting",
    "Metric",
    "Milestone",
    "Mitigation",
    "MitigationOption",
    "Observation",
    "Pin",
    "Promise",
    "Reading",
    "Revision",
    "RunbookAnswer",
    "SeverityLevel",
    "SeverityRule",
    "Source",
    "SourceToken",
    "StakeholderList",
    "Update",
    "UpdateTemplate",
]
