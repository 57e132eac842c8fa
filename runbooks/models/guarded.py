"""The two steps of a diagnostic that changes something: what was shown to whom, and what was decided about it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from runbooks.models.diagnostic import DiagnosticRun


class ChangeRight(models.Model):
    """This person may run diagnostics that change something. Given by administrators, apart from any role."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="change_right")
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    given_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user} may change things"


class Preview(models.Model):
    """What would be touched, exactly; confirmed at most once, by its requester, before it expires.

    This is the audit row: it is confirmed in a transaction of its own, before anything is touched.
    """

    run = models.OneToOneField(DiagnosticRun, on_delete=models.PROTECT, related_name="preview")  # the run that looked
    items: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField()
    requester = models.CharField(max_length=80)  # "user:7", or "command:<name of the account>" for the command line
    expires_at = models.DateTimeField()
    second = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    second_at = models.DateTimeField(null=True, blank=True)
    is_alone = models.BooleanField(default=False)  # nobody else was there: the reason is in the decision log
    confirmed_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)
    act = models.OneToOneField(DiagnosticRun, null=True, blank=True, on_delete=models.PROTECT, related_name="acts_on")
    outcomes: models.JSONField[list[dict[str, str]], list[dict[str, str]]] = models.JSONField(default=list)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_at=None, act=None) | (Q(confirmed_at__isnull=False, act__isnull=False) & ~Q(reason="")),
                name="preview_confirmed_with_a_reason_and_a_run",
            ),
            models.CheckConstraint(condition=Q(confirmed_at=None) | Q(confirmed_at__lt=F("expires_at")), name="preview_confirmed_in_time"),
        ]

    def __str__(self) -> str:
        return f"preview {self.pk}"
