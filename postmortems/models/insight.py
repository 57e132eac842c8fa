"""What insights are made of: the pairs of milestones between which time is measured, a week of a service's debt, what was read."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models

from incidents.models import Milestone
from oncall.models import Service
from postmortems.models.postmortem import Postmortem

PUBLISHED = "published"
ENDS = [*Milestone.Name.choices, (PUBLISHED, "Postmortem published")]


class MetricPair(models.Model):
    """A length of time between two named moments of an incident; both are always printed beside the number."""

    key = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=60)
    starts = models.CharField(max_length=16, choices=ENDS)
    ends = models.CharField(max_length=16, choices=ENDS)
    target = models.DurationField(null=True, blank=True, help_text="For every severity, as hh:mm:ss. Empty: none.")
    target_sev1 = models.DurationField("target for SEV1", null=True, blank=True, help_text="Instead of the one for every severity.")
    target_sev2 = models.DurationField("target for SEV2", null=True, blank=True)
    order = models.PositiveSmallIntegerField(default=100)

    class Meta:
        ordering = ["order", "pk"]
        constraints = [models.CheckConstraint(condition=~models.Q(starts=models.F("ends")), name="metric_pair_has_two_ends")]

    def __str__(self) -> str:
        return self.name

    @property
    def between(self) -> str:
        """Both ends in words: `impact started → mitigated`."""
        return f"{self.get_starts_display().lower()} → {self.get_ends_display().lower()}"

    def target_of(self, severity: int) -> timedelta | None:
        """None: no target for incidents of that severity (1-4)."""
        return {1: self.target_sev1, 2: self.target_sev2}.get(severity) or self.target


class DebtWeek(models.Model):
    """What a service owed in knowledge in the week of that Monday, by part."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+")
    monday = models.DateField()
    parts: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(default=dict)
    total = models.PositiveIntegerField()

    class Meta:
        ordering = ["monday"]
        constraints = [models.UniqueConstraint(fields=["service", "monday"], name="debt_week_once_of_a_service")]

    def __str__(self) -> str:
        return f"{self.service_id} {self.monday}: {self.total}"


class ReadTick(models.Model):
    """Somebody read one of the five before a first shift."""

    postmortem = models.ForeignKey(Postmortem, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["postmortem", "person"], name="read_tick_once_a_person")]

    def __str__(self) -> str:
        return f"{self.person_id} read {self.postmortem_id}"


class DueFeed(models.Model):
    """A calendar of due dates to subscribe to; only the digest of its secret is kept."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner"], condition=models.Q(revoked_at=None), name="due_feed_one_works_for_a_person")]

    def __str__(self) -> str:
        return f"due dates of {self.owner_id}"
