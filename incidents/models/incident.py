"""An incident: something people respond to. INC-n is its primary key; a drill is an incident of kind `drill`, FD-n."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
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


class Cancelled(models.TextChoices):
    """Why there was nothing to respond to."""

    FALSE_ALARM = "false_alarm", "False alarm"
    DUPLICATE = "duplicate", "Duplicate report"
    TEST = "test", "A test"
    OTHER = "other", "Something else"


LATELY = timedelta(minutes=10)  # between two SEV1 of one service that each page alone
OVER = (Status.RESOLVED, Status.CLOSED, Status.CANCELLED, Status.MERGED)


class IncidentQuerySet(models.QuerySet["Incident"]):
    def open(self) -> IncidentQuerySet:
        """Not resolved, closed, cancelled or merged."""
        return self.exclude(status__in=OVER)

    def first_criticals(self, incidents: Iterable[Incident], at: datetime) -> set[int]:
        """Ids of those that are the first SEV1 of their service in these minutes: such a page waits for no other. 1 query, or none."""
        critical = [incident for incident in incidents if incident.severity == Severity.SEV1]
        if not critical:
            return set()
        lately = self.filter(severity=Severity.SEV1, opened_at__gt=at - LATELY, opened_at__lte=at, is_storm=False)
        wanted = lately.filter(Q(service__in={incident.service_id for incident in critical}) | Q(service=None))
        first: dict[int | None, int] = dict(wanted.order_by().values_list("service").annotate(first=models.Min("pk")).values_list("service", "first"))
        return {incident.pk for incident in critical if first.get(incident.service_id, incident.pk) >= incident.pk}

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
    storm = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="swept")  # the storm it is part of
    is_storm = models.BooleanField(default=False)
    opened_from = models.CharField(max_length=60, blank=True)  # the source whose alert opened it
    happened_before = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="happened_again")
    paging_begun_at = models.DateTimeField(null=True, blank=True)  # the first round's beginning; null while nobody is to be paged
    steps_taken = models.PositiveIntegerField(default=0)  # escalation steps since then, over all rounds
    pages_begun = models.PositiveIntegerField(default=0)  # how often paging started anew: opening, reopening, a raised severity
    merged_into = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged")
    status_before_merge = models.CharField(max_length=14, blank=True)  # what splitting it out gives back
    cancelled_for = models.CharField(max_length=12, choices=Cancelled.choices, blank=True)
    impact = models.CharField(max_length=300, blank=True)  # in words: "61 of 214 tenants"
    users_affected = models.PositiveBigIntegerField(null=True, blank=True)
    failed_requests = models.PositiveBigIntegerField(null=True, blank=True)
    revenue_lost = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, default="USD")  # of the revenue
    sla_minutes = models.PositiveIntegerField(null=True, blank=True)  # of the promised availability that this used up
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
            models.CheckConstraint(
                condition=Q(status="merged", merged_into__isnull=False) | (~Q(status="merged") & Q(merged_into=None)),
                name="incident_merged_iff_it_belongs_to_another",
            ),
            models.CheckConstraint(condition=~Q(merged_into=models.F("pk")), name="incident_does_not_belong_to_itself"),
            models.CheckConstraint(condition=Q(revenue_lost=None) | Q(revenue_lost__gte=0), name="incident_revenue_lost_is_not_negative"),
        ]
        indexes = [
            models.Index(fields=["status", "severity"], name="incident_open_list"),
            models.Index(fields=["service", "-opened_at"], name="incident_by_service"),
            models.Index(fields=["correlation_key", "-id"], name="incident_by_key"),
            models.Index(fields=["opened_from", "-opened_at"], name="incident_by_source"),
            models.Index(fields=["storm"], condition=Q(storm__isnull=False), name="incident_by_storm"),
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
    def link(self) -> str:
        """Its page, for mails."""
        return f"{settings.BASE_URL}/incidents/{self.pk}/"

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

    history = HistoricalRecords()

    class Meta:
        ordering = ["at"]
        constraints = [models.UniqueConstraint(fields=["incident", "name"], name="milestone_one_of_each_name")]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.name}"


class Holding(models.Model):
    """A role that one person has, or had, in an incident. One person may hold many, several people one after the other."""

    class Role(models.TextChoices):
        COMMANDER = "commander", "Incident commander"
        OPERATIONS = "operations", "Operations lead"
        COMMUNICATIONS = "communications", "Communications lead"
        SCRIBE = "scribe", "Scribe"
        EXPERT = "expert", "Subject expert"
        OBSERVER = "observer", "Observer"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="roles")
    role = models.CharField(max_length=16, choices=Role.choices)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="incident_roles")
    taken_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)
    state_of_play = models.CharField(max_length=500, blank=True)  # the sentence with which a command was handed over

    class Meta:
        ordering = ["taken_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "role"],
                condition=Q(left_at=None, role__in=["commander", "operations", "communications", "scribe"]),
                name="holding_one_person_leads_at_a_time",
            ),
            models.UniqueConstraint(fields=["incident", "role", "person"], condition=Q(left_at=None), name="holding_once_at_a_time"),
            models.CheckConstraint(condition=Q(left_at=None) | Q(left_at__gte=models.F("taken_at")), name="holding_ends_after_it_begins"),
        ]

    def __str__(self) -> str:
        return f"{self.person} as {self.get_role_display().lower()}"
