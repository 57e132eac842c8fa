"""Clocks of an incident: what is promised by when, and how it was kept."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import F, Q

from incidents.models.incident import Incident, Severity


class Cadence(models.Model):
    """What a severity asks of its responders, by the clock (product.md section 5). An empty one is not asked."""

    severity = models.PositiveSmallIntegerField(choices=Severity.choices, unique=True)
    acknowledge = models.DurationField(null=True, blank=True, help_text="From opening. Times as hh:mm:ss.")
    first_update = models.DurationField(null=True, blank=True, help_text="From declaration.")
    scope = models.DurationField(null=True, blank=True, help_text="The second update, from the first.")
    update_every = models.DurationField(null=True, blank=True)
    grace = models.DurationField(default=timedelta(0), help_text="After this much more, a promised update is late.")
    long_after = models.DurationField(null=True, blank=True, help_text="From declaration; the commander confirms the long mode.")
    long_every = models.DurationField(null=True, blank=True)
    watch = models.DurationField(null=True, blank=True, help_text="How long metrics stay normal before it is resolved.")
    draft = models.DurationField(null=True, blank=True, help_text="The postmortem's draft, from resolved.")
    publish = models.DurationField(null=True, blank=True, help_text="The published postmortem, from resolved.")

    class Meta:
        ordering = ["severity"]

    def __str__(self) -> str:
        return f"SEV{self.severity}"


class Promise(models.Model):
    """One clock: due at a moment, late after another, judged by the portal."""

    class Kind(models.TextChoices):
        ACKNOWLEDGE = "acknowledge", "Acknowledged"
        FIRST_UPDATE = "first_update", "First update"
        SCOPE = "scope", "Scope of the impact"
        UPDATE = "update", "Next update"
        WATCH = "watch", "Metrics normal"
        DRAFT = "draft", "Postmortem drafted"
        PUBLISH = "publish", "Postmortem published"

    class Verdict(models.TextChoices):
        OPEN = "open", "Running"
        KEPT = "kept", "Kept"
        LATE = "late", "Late"
        MISSED = "missed", "Missed"
        WITHDRAWN = "withdrawn", "No longer asked"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="promises")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    made_at = models.DateTimeField()
    due_at = models.DateTimeField()
    late_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    verdict = models.CharField(max_length=10, choices=Verdict.choices, default=Verdict.OPEN)
    nagged_at = models.DateTimeField(null=True, blank=True)
    told_late_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["made_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "kind"], condition=Q(verdict="open"), name="promise_one_of_a_kind_runs"),
            models.CheckConstraint(condition=Q(late_at__gte=F("due_at")), name="promise_is_late_after_it_is_due"),
            models.CheckConstraint(
                condition=Q(verdict="open", settled_at=None) | (~Q(verdict="open") & Q(settled_at__isnull=False)), name="promise_settled_has_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.kind} due {self.due_at:%H:%M}"

    @property
    def is_about_updates(self) -> bool:
        return self.kind in (self.Kind.FIRST_UPDATE, self.Kind.SCOPE, self.Kind.UPDATE)

    @property
    def late_by(self) -> timedelta:
        """How long after its due time it was settled; zero for one that was in time."""
        return max((self.settled_at - self.due_at), timedelta(0)) if self.settled_at else timedelta(0)
