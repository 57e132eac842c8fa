"""Escalation policies: after how long without an acknowledgement who is paged. Rows that an administrator can edit."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q

from oncall.models.rotation import Rotation
from oncall.models.team import Service, Team
from portal.web.versions import Versioned


class EscalationPolicy(Versioned):
    """The steps of one team for one severity, gone through `rounds` times; with a service, of that service only."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="escalation_policies")
    service = models.ForeignKey(
        Service, null=True, blank=True, on_delete=models.CASCADE, related_name="escalation_policies", help_text="Empty: of every service of the team."
    )
    severity = models.PositiveSmallIntegerField(choices=[(n, f"SEV{n}") for n in (1, 2, 3, 4)])
    rounds = models.PositiveSmallIntegerField(default=1)

    class Meta:
        verbose_name_plural = "escalation policies"
        ordering = ["team", "service", "severity"]
        constraints = [
            models.UniqueConstraint(fields=["team", "severity"], condition=Q(service=None), name="escalation_policy_one_per_team_and_severity"),
            models.UniqueConstraint(fields=["service", "severity"], name="escalation_policy_one_per_service_and_severity"),
            models.CheckConstraint(condition=Q(rounds__gte=1, rounds__lte=10), name="escalation_policy_has_1_to_10_rounds"),
        ]

    def __str__(self) -> str:
        return f"{self.service or self.team} SEV{self.severity}"


class EscalationStep(models.Model):
    class Whom(models.TextChoices):
        PRIMARY = "primary", "Primary on call"
        SECONDARY = "secondary", "Secondary on call"
        LEAD = "lead", "Team leads"
        TEAM = "team", "Whole team"
        PERSON = "person", "A person"
        ROTATION = "rotation", "A rotation"

    class By(models.TextChoices):
        FIRST = "first", "their first channel"
        SECOND = "second", "their second channel"
        ALL = "all", "every channel"

    class Hours(models.TextChoices):
        ALWAYS = "always", "at any hour"
        OPEN = "open", "in the service's business hours"
        CLOSED = "closed", "outside the service's business hours"

    policy = models.ForeignKey(EscalationPolicy, on_delete=models.CASCADE, related_name="steps")
    after = models.DurationField(default=timedelta, help_text="After the round's beginning without an acknowledgement, as hh:mm:ss.")
    whom = models.CharField(max_length=10, choices=Whom.choices)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    rotation = models.ForeignKey(Rotation, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    by = models.CharField("by", max_length=8, choices=By.choices, default=By.FIRST)
    hours = models.CharField(max_length=8, choices=Hours.choices, default=Hours.ALWAYS)

    class Meta:
        ordering = ["policy", "after", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(whom="rotation", rotation__isnull=False) | (~Q(whom="rotation") & Q(rotation=None)),
                name="escalation_step_names_a_rotation_iff_it_pages_one",
            ),
            models.CheckConstraint(
                condition=Q(whom="person", person__isnull=False) | (~Q(whom="person") & Q(person=None)),
                name="escalation_step_names_a_person_iff_it_pages_one",
            ),
            models.CheckConstraint(condition=Q(after__gte=timedelta(0)), name="escalation_step_is_not_before_the_beginning"),
        ]

    def __str__(self) -> str:
        return f"{self.get_whom_display()} after {self.after}"
