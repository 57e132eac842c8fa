"""What happens: incidents, their milestones, and the alerts that open them."""

from incidents.models.alert import Alert, Delivery, Episode, Observation, SeverityRule, Source, SourceToken
from incidents.models.auto_run import AutoRun
from incidents.models.incident import Holding, Incident, Milestone

__all__ = ["Alert", "AutoRun", "Delivery", "Episode", "Holding", "Incident", "Milestone", "Observation", "SeverityRule", "Source", "SourceToken"]
