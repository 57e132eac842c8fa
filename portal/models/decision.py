"""A decision that went against the default, with its reason: who, when, why."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Decision(models.Model):
    """Append-only. `about` names the subject by text, as the journal does; `access` is what it is hidden with."""

    kind = models.CharField(max_length=40)  # of `portal.decisions.kinds`
    about = models.CharField(max_length=80)  # "incident:142"
    title = models.CharField(max_length=200, blank=True)  # the subject's name on that day
    url = models.CharField(max_length=300, blank=True)
    access = models.CharField(max_length=80, blank=True)  # a key of `portal.search.documents.hidden_keys`, or ""
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.TextField()

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [models.CheckConstraint(condition=~models.Q(reason=""), name="decision_has_a_reason")]
        indexes = [
            models.Index(fields=["about", "at"], name="decision_by_subject"),
            models.Index(fields=["-at", "-id"], name="decision_list"),
            models.Index(fields=["kind", "-at"], name="decision_by_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.about}: {self.reason[:60]}"
