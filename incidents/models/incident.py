"""An incident: something people respond to. INC-n is its primary key; a drill is an incident of kind `drill`, FD-n."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from oncall.models import Service, Team
from oncall.models.team import default_team
from portal.accounts.roles import Role
from portal.web.versions import Versioned

if TYPE_CHECKING:
    from portal.accounts.models import User


class Severity(models.IntegerChoices):
    """How bad: 1 worst .. 4 least."""

    SEV1 = 1, "SEV1 Critical"
    SEV2 = 2, "SEV2 Major"
    SEV3 = 3, "SEV3 Minor"
    SEV4 = 4, "SEV4 Low"


class Status(models.TextChoices):
    """What is stored and moved; the phase shown to people is derived from it (product.md section 4)."""

    TRIAGE = "triage", "Triage"
    INVESTIGATING = "investigating", "Investigating"
    IDENTIFIED = "identified", "Identified"
    MITIGATED = "mitigated", "Mitigated"
    RESOLVED = "resolved", "Resolved"
    CLOSED = "closed", "Closed"
    CANCELLED = "cancelled", "Cancelled"
    MERGED = "merged", "Merged"


OVER = (Status.RESOLVED, Status.CLOSED, Status.CANCELLED, Status.MERGED)


class IncidentQuerySet(models.QuerySet["Incident"]):
    def open(self) -> IncidentQuerySet:
        """Not resolved, closed, cancelled or merged."""
        return self.exclude(status__in=OVER)

    def visible_to(self, user: User) -> IncidentQuerySet:
        """Restricted incidents only for the people named in them, leads of their service's team, and administrators."""
        if user.at_least(Role.ADMIN):
            return self
        led = Service.objects.filter(team__membership__user=user, team__membership__role="lead")
        named = user.restricted_incidents.values("pk")
        return self.filter(Q(is_restricted=False) | Q(pk__in=named) | Q(service__in=led))


class Incident(Versioned):
    class Kind(models.TextChoices):
        INCIDENT = "incident", "Incident"
        DRILL = "drill", "Drill"

    title = models.CharField(max_length=300)
    summary = models.TextField(blank=True)  # the alert's description, or what the person who declared it wrote
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.INCIDENT)
    status = models.CharField(max_length=14, choices=Status.choices, default=Status.TRIAGE)
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    severity_set_by_person = models.BooleanField(default=False)
    unmapped_severity = models.CharField(max_length=200, blank=True)  # the label that no rule knows, as in "severity not mapped: blocker"
    service = models.ForeignKey(Service, null=True, blank=True, on_delete=models.PROTECT, related_name="incidents")
    correlation_key = models.CharField(max_length=64, blank=True)  # sha256 hex; "" when declared by hand
    takes_alerts = models.BooleanField(default=False)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    quiet_since = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    happened_before = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="happened_again")
    paging_begun_at = models.DateTimeField(null=True, blank=True)  # the first round's beginning; null while nobody is to be paged
    steps_taken = models.PositiveIntegerField(default=0)  # escalation steps since then, over all rounds
    pages_begun = models.PositiveIntegerField(default=0)  # how often paging started anew: opening, reopening, a raised severity
    is_restricted = models.BooleanField(default=False)
    named: models.ManyToManyField[User, models.Model] = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="restricted_incidents"
    )

    history = HistoricalRecords(excluded_fields=["steps_taken", "pages_begun", "paging_begun_at"])
    objects = IncidentQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["correlation_key"], condition=Q(takes_alerts=True), name="incident_one_takes_the_alerts_of_a_key"),
            models.CheckConstraint(condition=Q(takes_alerts=False) | ~Q(correlation_key=""), name="incident_takes_alerts_only_with_a_key"),
            models.CheckConstraint(condition=Q(severity__in=[1, 2, 3, 4]), name="incident_severity_is_1_to_4"),
            models.CheckConstraint(
                condition=Q(status__in=["resolved", "closed"], resolved_at__isnull=False)
                | Q(status__in=["cancelled", "merged"])
                | (~Q(status__in=["resolved", "closed", "cancelled", "merged"]) & Q(resolved_at=None)),
                name="incident_resolved_iff_it_has_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "severity"], name="incident_open_list"),
            models.Index(fields=["service", "-opened_at"], name="incident_by_service"),
            models.Index(fields=["correlation_key", "-id"], name="incident_by_key"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"

    @property
    def reference(self) -> str:
        """INC-142, or FD-23 for a drill."""
        return f"{'FD' if self.kind == self.Kind.DRILL else 'INC'}-{self.pk}"

    @property
    def subject(self) -> str:
        """Its name in the journal and in access keys."""
        return f"incident:{self.pk}"

    @property
    def is_over(self) -> bool:
        return self.status in OVER

    @property
    def waits(self) -> bool:
        """Nobody has acknowledged it yet."""
        return self.status == Status.TRIAGE

    @property
    def team(self) -> Team | None:
        """Who answers: the service's team, or the default team. 0-1 query."""
        return self.service.team if self.service else default_team()


class Milestone(models.Model):
    """A named moment of an incident. Not the status."""

    class Name(models.TextChoices):
        IMPACT_STARTED = "impact_started", "Impact started"
        DETECTED = "detected", "Detected"
        ALERTED = "alerted", "Alerted"
        ACKNOWLEDGED = "acknowledged", "Acknowledged"
        DECLARED = "declared", "Declared"
        IDENTIFIED = "identified", "Identified"
        MITIGATED = "mitigated", "Mitigated"
        RESOLVED = "resolved", "Resolved"
        CLOSED = "closed", "Closed"

    class Origin(models.TextChoices):
        AUTO = "auto", "Automatic"
        PERSON = "person", "By a person"
        IMPORT = "import", "Imported"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="milestones")
    name = models.CharField(max_length=16, choices=Name.choices)
    at = models.DateTimeField()
    source = models.CharField(max_length=8, choices=Origin.choices, default=Origin.AUTO)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    edited = models.BooleanField(default=False)

    class Meta:
        ordering = ["at"]
        constraints = [models.UniqueConstraint(fields=["incident", "name"], name="milestone_one_of_each_name")]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.name}"
