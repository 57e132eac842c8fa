"""Addresses under which calendars are read: a secret in the address, of which only the digest is kept."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from oncall.models.rotation import Rotation


class Feed(models.Model):
    """A calendar of a person's own shifts, or with `rotation` of everybody's in it. One that works of each at a time."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_feeds")
    rotation = models.ForeignKey(Rotation, null=True, blank=True, on_delete=models.CASCADE, related_name="feeds")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["owner"], condition=Q(rotation=None, revoked_at=None), name="feed_one_of_a_person"),
            models.UniqueConstraint(fields=["owner", "rotation"], condition=Q(revoked_at=None), name="feed_one_of_a_rotation_and_person"),
        ]

    def __str__(self) -> str:
        return f"{self.rotation or 'Shifts'} for {self.owner}"
