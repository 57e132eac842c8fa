"""What the public status page is made of: components in customers' words, and planned maintenance."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from oncall.models import Service
from portal.web.versions import Versioned


class Component(Versioned):
    """Something customers notice, in their words; the services behind it are not shown."""

    name = models.CharField(max_length=120, unique=True)
    description = models.CharField(max_length=300, blank=True)
    services: models.ManyToManyField[Service, models.Model] = models.ManyToManyField(Service, related_name="components", blank=True)
    order = models.PositiveIntegerField(default=100)

    history = HistoricalRecords()

    class Meta:
        ordering = ["order", "name"]

    def __str__(self) -> str:
        return self.name


class Maintenance(Versioned):
    """Planned work that customers are told of beforehand."""

    title = models.CharField(max_length=200)
    text = models.TextField(blank=True, max_length=4000)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    components: models.ManyToManyField[Component, models.Model] = models.ManyToManyField(Component, blank=True, related_name="maintenances")
    is_cancelled = models.BooleanField(default=False)

    history = HistoricalRecords()

    class Meta:
        verbose_name = "announced maintenance"
        verbose_name_plural = "announced maintenance"
        ordering = ["-starts_at"]
        constraints = [models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="maintenance_ends_after_it_begins")]

    def __str__(self) -> str:
        return self.title
