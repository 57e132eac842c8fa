"""Who answers."""

from oncall.models.team import Membership, Service, Team

__all__ = ["Membership", "Service", "Team"]
