"""Recorded changes: deployments and the like, told by pipelines."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models

from oncall.models import Service


class ChangeQuerySet(models.QuerySet["Change"]):
    def between(self, since: datetime, until: datetime) -> ChangeQuerySet:
        """Those that happened from `since` (included) to `until` (not)."""
        return self.filter(at__gte=since, at__lt=until)


class Change(models.Model):
    """Something was changed: a deployment, a flag, a setting. `key` is the teller's own name for it; telling twice makes one."""

    class Kind(models.TextChoices):
        DEPLOYMENT = "deployment", "Deployment"
        ROLLBACK = "rollback", "Rollback"
        CONFIGURATION = "configuration", "Configuration"
        FLAG = "flag", "Feature flag"
        MIGRATION = "migration", "Migration"
        SCALING = "scaling", "Scaling"
        OTHER = "other", "Other"

    kind = models.CharField(max_length=14, choices=Kind.choices, default=Kind.DEPLOYMENT)
    service = models.ForeignKey(Service, null=True, blank=True, on_delete=models.SET_NULL, related_name="changes")
    title = models.CharField(max_length=300)
    version = models.CharField(max_length=120, blank=True)
    author = models.CharField(max_length=120, blank=True)  # as the teller names them
    url = models.URLField(max_length=500, blank=True)
    key = models.CharField(max_length=120, unique=True)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    objects = ChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["-at", "-id"], name="change_newest"), models.Index(fields=["service", "-at"], name="change_of_service")]

    def __str__(self) -> str:
        return f"{self.title} {self.version}".strip()
