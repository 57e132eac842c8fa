"""Hand-offs: the written passing of a shift. What its sections said is frozen in it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from oncall.models.rotation import Rotation
from portal.web.versions import Versioned


class Handoff(Versioned):
    """One passing of one rotation at one moment."""

    class State(models.TextChoices):
        WRITING = "writing", "Being written"
        SENT = "sent", "Waits to be accepted"
        ACCEPTED = "accepted", "Accepted"

    rotation = models.ForeignKey(Rotation, on_delete=models.CASCADE, related_name="handoffs")
    outgoing = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="handoffs_given")
    incoming = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="handoffs_taken")
    at = models.DateTimeField()  # of the shift change
    since = models.DateTimeField()  # when the outgoing shift began
    state = models.CharField(max_length=8, choices=State.choices, default=State.WRITING)
    lines = models.JSONField(default=list)  # [{section, title, items: [{key, what, why, url, left_out}]}], frozen when it is sent
    left_out = models.JSONField(default=list)  # keys of lines
    changed = models.TextField(blank=True)
    watch = models.TextField(blank=True)
    opened_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    lead_told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["rotation", "at"], name="handoff_one_per_rotation_and_moment"),
            models.CheckConstraint(
                condition=Q(state="accepted", accepted_at__isnull=False, accepted_by__isnull=False)
                | (~Q(state="accepted") & Q(accepted_at=None, accepted_by=None)),
                name="handoff_accepted_says_who_and_when",
            ),
        ]

    def __str__(self) -> str:
        return f"Hand-off of {self.rotation}, {self.at:%d %b %Y %H:%M} UTC"
