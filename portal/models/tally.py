"""Counts of rare things that no other row keeps: they add up over all processes, and `/metrics` reads them."""

from __future__ import annotations

from django.db import models


class Tally(models.Model):
    name = models.CharField(max_length=60, unique=True)  # leases_expired, doorbells_failed, claims, claim_seconds
    amount = models.FloatField(default=0)

    class Meta:
        verbose_name_plural = "tallies"

    def __str__(self) -> str:
        return f"{self.name}: {self.amount:g}"
