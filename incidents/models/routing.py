"""Rows by which an administrator decides what becomes of alerts: rules, maintenance windows, what a severity means."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q

from incidents.models.alert import Source
from incidents.models.incident import Severity
from oncall.models import Service


class AlertRule(models.Model):
    """What becomes of alerts with these labels. The first rule that matches decides; without one they open incidents as shipped."""

    class Action(models.TextChoices):
        OPEN = "open", "Open or join an incident"
        ATTACH = "attach", "Join an open incident, never open one"
        RECORD = "record", "Only record"

    name = models.CharField(max_length=120)
    order = models.PositiveIntegerField(default=100, help_text="Lowest first.")
    is_enabled = models.BooleanField(default=True)
    source = models.ForeignKey(Source, null=True, blank=True, on_delete=models.CASCADE, related_name="rules", help_text="Empty: all sources.")
    matchers = models.TextField(blank=True, help_text="One a line, all must hold: label=value or label!=value; * stands for any text.")
    service = models.ForeignKey(Service, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", help_text="Empty: as its label says.")
    severity = models.PositiveSmallIntegerField(choices=Severity.choices, null=True, blank=True, help_text="Empty: as its label says.")
    key_labels = models.CharField(
        max_length=200,
        blank=True,
        help_text="Alerts alike in these labels share an incident: service, alertname, cluster. Empty: as of the source.",
    )
    action = models.CharField(max_length=8, choices=Action.choices, default=Action.OPEN)
    reopens_within = models.DurationField(
        null=True, blank=True, help_text="An incident resolved for less than this is reopened. Empty: 30 minutes; 0: never."
    )

    class Meta:
        ordering = ["order", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(reopens_within=None) | Q(reopens_within__gte=timedelta(0)), name="alert_rule_reopens_forward")
        ]

    def __str__(self) -> str:
        return self.name


class WindowQuerySet(models.QuerySet["MaintenanceWindow"]):
    def covering(self, at: datetime) -> WindowQuerySet:
        """In force at `at`: the start is included, the end is not."""
        return self.filter(cancelled_at=None, starts_at__lte=at, ends_at__gt=at)


class MaintenanceWindow(models.Model):
    """Planned work on a service: its incidents are recorded, and nobody is paged before the window ends."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="maintenance_windows")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=300)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True, blank=True)

    objects = WindowQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_at", "-pk"]
        constraints = [models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="maintenance_window_ends_after_it_starts")]
        indexes = [models.Index(fields=["service", "ends_at"], name="maintenance_by_service")]

    def __str__(self) -> str:
        return f"{self.service} until {self.ends_at:%d %b %H:%M} UTC"


class SeverityLevel(models.Model):
    """What a severity means, in the words and figures that people judge by (product.md section 5)."""

    severity = models.PositiveSmallIntegerField(choices=Severity.choices, unique=True)
    means = models.CharField(max_length=200)
    error_rate_above = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(0.0)], help_text="Share of failed requests, 0.1 is 10 %. Empty: not judged by it."
    )
    paged = models.CharField(max_length=200)
    answer_within = models.CharField(max_length=200, blank=True, help_text="What the people paged are expected to do, and by when.")

    class Meta:
        ordering = ["severity"]

    def __str__(self) -> str:
        return f"SEV{self.severity}"
