"""What happens: incidents, their milestones, and the alerts that open them."""

from incidents.models.alert import Alert, Delivery, Episode, Observation, SeverityRule, Source, SourceToken
from incidents.models.auto_run import AutoRun
from incidents.models.incident import Holding, Incident, Milestone
from incidents.models.routing import AlertRule, MaintenanceWindow, SeverityLevel

__all__ = [
    "Alert",
    "AlertRule",
    "AutoRun",
    "Delivery",
    "Episode",
    "Holding",
    "Incident",
    "MaintenanceWindow",
    "Milestone",
    "Observation",
    "SeverityLevel",
    "SeverityRule",
    "Source",
    "SourceToken",
]
