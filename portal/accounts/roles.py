"""Roles: what a person may do across the portal. Rights in one team are kept by `oncall` (memberships)."""

from __future__ import annotations

from django.db import models


class Role(models.TextChoices):
    """From least to most. Editor and lead, when held here, mean in every team (tokens use that); people hold them per team."""

    VIEWER = "viewer", "Viewer"
    RESPONDER = "responder", "Responder"
    EDITOR = "editor", "Editor"
    LEAD = "lead", "Lead"
    ADMIN = "admin", "Administrator"

    @property
    def rank(self) -> int:
        """0 viewer .. 4 admin."""
        return list(Role).index(self)
