"""Targets of diagnostics, their runs, and the schedules that ask for runs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from oncall.models import Service
from portal.secrets import EncryptedTextField

if TYPE_CHECKING:
    from portal.accounts.models import User


class Target(models.Model):
    """A named place that diagnostics look at. Administrators set it up; people choose a name, never an address."""

    class Kind(models.TextChoices):
        REDIS = "redis", "Redis"
        POSTGRES = "postgres", "PostgreSQL"
        PROMETHEUS = "prometheus", "Prometheus"
        KUBERNETES = "kubernetes", "Kubernetes"
        HTTP = "http", "HTTP, TLS or TCP host"
        LOG = "log", "Log file"
        GIT = "git", "Git repository"

    class Stage(models.TextChoices):
        PRODUCTION = "production", "Production"
        STAGING = "staging", "Staging"

    slug = models.SlugField("name", max_length=60, unique=True)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    stage = models.CharField(max_length=12, choices=Stage.choices, default=Stage.PRODUCTION)
    service = models.ForeignKey(
        Service, null=True, blank=True, on_delete=models.SET_NULL, related_name="targets", help_text="Tier 1: changes need a second person."
    )
    host = models.CharField(max_length=255, blank=True)
    port = models.PositiveIntegerField(null=True, blank=True, help_text="Empty: the usual one of its kind.")
    database = models.CharField(max_length=63, blank=True, help_text="Redis: a number. PostgreSQL: a name.")
    path = models.CharField(max_length=500, blank=True, help_text="Log, repository: a path on the workers. Prometheus, HTTP: below the host.")
    uses_tls = models.BooleanField("uses TLS", default=False)
    username = models.CharField(max_length=120, blank=True)
    password_variable = models.CharField(
        max_length=120, blank=True, help_text="Name of the environment variable that holds its password or token, such as PORTAL_TARGET_JOBS."
    )
    secret = EncryptedTextField(
        "password or token", blank=True, default="", help_text="Stored encrypted. Use this, or a variable of the environment, not both."
    )
    options = models.JSONField(default=dict, blank=True, help_text="By kind, such as the key names of the job layout: see docs/diagnostics.md.")

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug

    @property
    def is_tier_1(self) -> bool:
        return self.service is not None and self.service.tier == 1


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

    class Origin(models.TextChoices):
        PERSON = "person", "by hand"
        COMMAND = "command", "command line"
        ALERT = "alert", "by alert"
        SCHEDULE = "schedule", "by schedule"

    diagnostic = models.CharField(max_length=60)
    target = models.ForeignKey(Target, null=True, blank=True, on_delete=models.PROTECT, related_name="runs")
    parameters = models.JSONField(default=dict)
    about = models.CharField(max_length=80, blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    origin = models.CharField(max_length=8, choices=Origin.choices, default=Origin.PERSON)
    schedule = models.ForeignKey("Schedule", null=True, blank=True, on_delete=models.SET_NULL, related_name="runs")
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    severity = models.CharField(max_length=4, choices=Severity.choices, blank=True)
    finding = models.CharField(max_length=300, blank=True)  # one line
    output = models.TextField(blank=True)  # redacted, the first 20,000 characters; `rest` has all
    result: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)  # columns, rows, numbers, next_step, blocks, document
    figure = models.FloatField(null=True, blank=True)  # the number that is drawn over time
    queued_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["diagnostic", "-id"], name="run_by_diagnostic"),
            models.Index(fields=["about", "-id"], name="run_by_subject"),
            models.Index(fields=["diagnostic", "target", "-id"], condition=Q(severity="ok"), name="run_last_healthy"),
            models.Index(fields=["schedule", "-id"], condition=Q(schedule__isnull=False), name="run_by_schedule"),
            models.Index(fields=["target", "id"], condition=Q(state="queued"), name="run_waiting"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running"], finished_at=None) | (~Q(state__in=["queued", "running"]) & Q(finished_at__isnull=False)),
                name="run_is_finished_iff_it_has_a_time",
            ),
            models.UniqueConstraint(fields=["target"], condition=Q(state="running"), name="run_one_at_a_time_on_a_target"),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.diagnostic}"

    def get_absolute_url(self) -> str:
        return f"/diagnostics/runs/{self.pk}/"

    @property
    def is_finished(self) -> bool:
        return self.finished_at is not None

    @property
    def took(self) -> timedelta | None:
        return self.finished_at - self.started_at if self.finished_at and self.started_at else None

    @property
    def who(self) -> str:
        """Ana, “by alert”, “by schedule” or “command line”."""
        return str(self.asked_by) if self.asked_by else self.get_origin_display()


class RunRest(models.Model):
    """The whole output of a run that has more than its page shows; redacted, to be downloaded."""

    run = models.OneToOneField(DiagnosticRun, on_delete=models.CASCADE, primary_key=True, related_name="rest")
    text = models.TextField()

    def __str__(self) -> str:
        return f"output of {self.run_id}"


class Schedule(models.Model):
    """Ask for a run again and again. Only what reads."""

    diagnostic = models.CharField(max_length=60)
    target = models.ForeignKey(Target, null=True, blank=True, on_delete=models.CASCADE, related_name="schedules")
    parameters = models.JSONField(default=dict, blank=True)
    every = models.DurationField(default=timedelta(minutes=15), help_text="At least a minute.")
    is_active = models.BooleanField(default=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["diagnostic", "target", "pk"]
        constraints = [models.CheckConstraint(condition=Q(every__gte=timedelta(minutes=1)), name="schedule_at_least_a_minute")]

    def __str__(self) -> str:
        return f"{self.diagnostic} on {self.target}" if self.target else self.diagnostic
