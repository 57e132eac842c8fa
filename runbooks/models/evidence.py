"""What is known of a runbook's worth: evidence that it holds, feedback from incidents, what a nightly check found, proposed edits."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from runbooks.models.runbook import Runbook


class Evidence(models.Model):
    """Something that proved a runbook, or one of its sections, right. The only input of its freshness."""

    class Kind(models.TextChoices):
        REVIEW = "review", "Reviewed"
        INCIDENT = "incident", "Helped in an incident"
        DRILL = "drill", "Passed in a drill"
        DIAGNOSTIC = "diagnostic", "Its diagnostic succeeded"

    runbook = models.ForeignKey(Runbook, on_delete=models.CASCADE, related_name="evidence")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    anchor = models.CharField(max_length=120, blank=True)  # of the section that it proves; empty: the whole page
    section_hash = models.CharField(max_length=64, blank=True)  # of what the section said; another text is unproven again
    about = models.CharField(max_length=80, blank=True)  # a journal subject, such as "incident:142"
    note = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["runbook", "-at"], name="evidence_by_runbook")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.runbook}"


class Feedback(models.Model):
    """What a responder said of a runbook. An open *misled* keeps it broken; `fixed_at` is set by an edit plus a review."""

    class Kind(models.TextChoices):
        HELPED = "helped", "Helped"
        MISLED = "misled", "Misled"
        MISSING = "missing", "Missing"

    runbook = models.ForeignKey(Runbook, on_delete=models.CASCADE, related_name="feedback")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    step = models.CharField(max_length=140, blank=True)  # key of the step it is about
    note = models.TextField(blank=True)
    about = models.CharField(max_length=80, blank=True)
    version = models.PositiveIntegerField()  # of the runbook that was read
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    fixed_at = models.DateTimeField(null=True, blank=True)
    action = models.CharField(max_length=80, blank=True)  # reference of the action item that repairs it, such as "AI-12"

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["runbook", "kind"], name="feedback_by_runbook"), models.Index(fields=["about"], name="feedback_by_subject")]
        constraints = [models.CheckConstraint(condition=Q(kind="misled") | Q(fixed_at=None), name="feedback_only_misled_is_fixed")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.runbook}"


class RotFinding(models.Model):
    """Something that the nightly check found wrong with a runbook. Gone when it is found no more."""

    class Kind(models.TextChoices):
        LINK = "link", "Dead link"
        DIAGNOSTIC = "diagnostic", "Diagnostic that does not exist"
        ALERT = "alert", "Alert that no rule defines"
        SOURCE = "source", "Changed or gone in its source"
        OWNER = "owner", "Owner who left"

    runbook = models.ForeignKey(Runbook, on_delete=models.CASCADE, related_name="rot")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    detail = models.CharField(max_length=400)
    found_at = models.DateTimeField()

    class Meta:
        ordering = ["runbook", "kind", "detail"]
        constraints = [models.UniqueConstraint(fields=["runbook", "kind", "detail"], name="rot_found_once")]

    def __str__(self) -> str:
        return f"{self.runbook}: {self.detail}"


class Suggestion(models.Model):
    """An edit proposed by somebody who may not publish it. Its text is kept whatever is decided."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        TAKEN = "taken", "Taken over"
        DECLINED = "declined", "Declined"

    runbook = models.ForeignKey(Runbook, on_delete=models.CASCADE, related_name="suggestions")
    base_version = models.PositiveIntegerField()
    base = models.TextField()  # the body that was read
    body = models.TextField()
    note = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"Suggestion for {self.runbook}"
