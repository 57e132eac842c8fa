"""Targets of diagnostics, and their runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from portal.accounts.models import User


class Target(models.Model):
    """A named place that diagnostics look at. Administrators set it up; people choose a name, never an address."""

    class Kind(models.TextChoices):
        REDIS = "redis", "Redis"

    class Stage(models.TextChoices):
        PRODUCTION = "production", "Production"
        STAGING = "staging", "Staging"

    slug = models.SlugField(max_length=60, unique=True)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    stage = models.CharField(max_length=12, choices=Stage.choices, default=Stage.PRODUCTION)
    host = models.CharField(max_length=255)
    port = models.PositiveIntegerField(default=6379)
    database = models.PositiveSmallIntegerField(default=0)
    uses_tls = models.BooleanField(default=False)
    username = models.CharField(max_length=120, blank=True)
    password_variable = models.CharField(max_length=120, blank=True, help_text="Name of the environment variable that holds the password.")
    options = models.JSONField(default=dict, blank=True, help_text='Key names of the job layout, such as {"running": "jobs:running"}.')

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug


class RunQuerySet(models.QuerySet["DiagnosticRun"]):
    def visible_to(self, user: User) -> RunQuerySet:
        """All but those about something that is hidden from this person."""
        from runbooks.diagnostics.runs import hidden_from

        return self.exclude(about__in=hidden_from(user))


class DiagnosticRun(models.Model):
    """One execution: who, what, on which target, and what came out. `about` is a journal subject, or empty."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        TIMED_OUT = "timed_out", "Timed out"
        CANCELLED = "cancelled", "Cancelled"
        LOST = "lost", "Lost with its worker"

    class Severity(models.TextChoices):
        OK = "ok", "Healthy"
        WARN = "warn", "Look at it"
        BAD = "bad", "Bad"

    diagnostic = models.CharField(max_length=60)
    target = models.ForeignKey(Target, null=True, blank=True, on_delete=models.PROTECT, related_name="runs")
    parameters = models.JSONField(default=dict)
    about = models.CharField(max_length=80, blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    severity = models.CharField(max_length=4, choices=Severity.choices, blank=True)
    finding = models.CharField(max_length=300, blank=True)  # one line
    output = models.TextField(blank=True)  # redacted, capped
    result = models.JSONField(default=dict)  # {"columns": […], "rows": [[…]], "numbers": {…}}
    queued_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["diagnostic", "-id"], name="run_by_diagnostic"), models.Index(fields=["about", "-id"], name="run_by_subject")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running"], finished_at=None) | (~Q(state__in=["queued", "running"]) & Q(finished_at__isnull=False)),
                name="run_is_finished_iff_it_has_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.diagnostic}"

    @property
    def is_finished(self) -> bool:
        return self.finished_at is not None
