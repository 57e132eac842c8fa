"""One row for everything that must happen (reliability.md section 2)."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q


class DueQuerySet(models.QuerySet["Due"]):
    def ripe(self, pool: str, now: datetime, leases_now: datetime) -> DueQuerySet:
        """Free rows due at `now` (the domain's clock, included) and rows whose lease ended by `leases_now` (the database's)."""
        free = Q(lease__isnull=True, due_at__lte=now)
        abandoned = Q(lease__isnull=False, due_at__lte=leases_now)
        return self.filter(free | abandoned, pool=pool, set_aside=False)


class Due(models.Model):
    """`key` names the domain row, which keeps its own state. While leased, `due_at` is the end of the lease."""

    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=200)
    pool = models.CharField(max_length=20)
    due_at = models.DateTimeField()
    priority = models.PositiveSmallIntegerField(default=2)  # 0 first page to a person, 1 escalation, 2 update, 3 reminder
    lease = models.UUIDField(null=True, blank=True)
    lease_for = models.DurationField()
    attempts = models.PositiveIntegerField(default=0)  # claims, counted before anything is done
    crashes = models.PositiveSmallIntegerField(default=0)  # leases that ran out since the last outcome
    set_aside = models.BooleanField(default=False)
    last_error = models.TextField(blank=True)

    objects = DueQuerySet.as_manager()

    expired = False  # set by claim(): the lease before this one ran out, so its outcome is unknown

    class Meta:
        verbose_name_plural = "due rows"
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="due_one_row_per_kind_and_key")]
        indexes = [
            models.Index(fields=["pool", "priority", "due_at"], condition=Q(set_aside=False), name="due_claim"),
            models.Index(fields=["due_at"], name="due_auditor"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
