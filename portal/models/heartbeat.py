"""Who worked last, and when: one row for each worker process and one for beat."""

from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    name = models.CharField(max_length=120, unique=True)  # "worker@host" or "beat"
    at = models.DateTimeField()  # the database's clock, never the moved one

    def __str__(self) -> str:
        return f"{self.name} at {self.at}"
