"""How long one kind of row is kept."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Retention(models.Model):
    """One row for each kind of `portal.retention.kinds`, laid out by `seed`; `days` empty keeps for ever."""

    kind = models.CharField(max_length=40, unique=True)
    days = models.PositiveIntegerField(null=True, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["kind"]
        verbose_name_plural = "retention"

    def __str__(self) -> str:
        return f"{self.kind}: {'for ever' if self.days is None else f'{self.days} days'}"
