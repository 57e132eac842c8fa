"""Following a runbook for an incident: the version frozen, its steps ticked or skipped, its blanks filled once."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models

from runbooks.models.runbook import Runbook


class Following(models.Model):
    """One runbook, followed for one subject by everybody who works on it. `sections` is what it said when it was begun."""

    runbook = models.ForeignKey(Runbook, on_delete=models.PROTECT, related_name="followings")
    about = models.CharField(max_length=80)  # a journal subject, such as "incident:142"
    version = models.PositiveIntegerField()
    sections: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(default=list)  # see `runbooks.steps.frozen`
    blanks: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict, blank=True)  # placeholder: what was filled in
    begun_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    begun_at = models.DateTimeField()

    class Meta:
        ordering = ["begun_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["runbook", "about"], name="following_once_per_subject")]
        indexes = [models.Index(fields=["about"], name="following_by_subject")]

    def __str__(self) -> str:
        return f"{self.runbook} for {self.about}"


class FollowedStep(models.Model):
    """What was done with one step, by whom and when. Taken back: the row goes, the timeline keeps both entries."""

    class State(models.TextChoices):
        DONE = "done", "Done"
        SKIPPED = "skipped", "Skipped"

    following = models.ForeignKey(Following, on_delete=models.CASCADE, related_name="steps")
    key = models.CharField(max_length=140)
    state = models.CharField(max_length=8, choices=State.choices)
    note = models.CharField(max_length=500, blank=True)  # why it was skipped, or what was seen
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["following", "key"], name="followed_step_once"),
            models.CheckConstraint(condition=~models.Q(state="skipped", note=""), name="skipped_step_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.state}"
