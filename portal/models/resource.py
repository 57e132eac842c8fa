"""Links that newcomers should read: shown on the page of the first steps, edited in the admin."""

from __future__ import annotations

from django.db import models


class Resource(models.Model):
    title = models.CharField(max_length=200)
    url = models.URLField(max_length=500, unique=True)
    order = models.PositiveSmallIntegerField(default=100)

    class Meta:
        ordering = ["order", "pk"]

    def __str__(self) -> str:
        return self.title
