"""Copies of the database, proofs that one can be restored, and the hold that keeps a restored one quiet."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Copy(models.Model):
    """One backup or one restore drill, as it ended."""

    class Kind(models.TextChoices):
        BACKUP = "backup", "Backup"
        DRILL = "drill", "Restore drill"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    at = models.DateTimeField()
    place = models.CharField(max_length=500)  # the folder of the copy
    well = models.BooleanField()
    seconds = models.FloatField()
    says = models.TextField(blank=True)

    class Meta:
        ordering = ["-at"]
        verbose_name_plural = "copies"

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.at:%Y-%m-%d %H:%M}: {'well' if self.well else 'failed'}"


class Hold(models.Model):
    """While this row exists nothing is sent: a restored copy must not page for yesterday. At most one."""

    since = models.DateTimeField()
    reason = models.CharField(max_length=300)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="hold_at_most_one")]

    def __str__(self) -> str:
        return self.reason
