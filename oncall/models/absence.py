"""When a person cannot be on call: days off by hand or from a calendar, and the country whose holidays they have."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from oncall.holidays import known_country
from portal.secrets import EncryptedTextField


class Calendar(models.Model):
    """What a person told us of their time: their country, and an address from which absences are read."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar")
    country = models.CharField(
        max_length=10, blank=True, validators=[known_country], help_text="Whose public holidays are shown, such as DE, DE-BY or US-CA."
    )
    absences_url = EncryptedTextField(blank=True)  # an .ics address, often with a secret in it
    read_at = models.DateTimeField(null=True, blank=True)
    trouble = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"Calendar of {self.person}"


class Absence(models.Model):
    """Away from `starts_at` to `ends_at`, UTC."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="absences")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=200, blank=True)  # the event of the person's calendar; empty: by hand

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="absence_ends_after_it_starts"),
            models.UniqueConstraint(fields=["person", "source"], condition=~Q(source=""), name="absence_one_per_event"),
        ]
        indexes = [models.Index(fields=["person", "ends_at"], name="absence_by_person")]

    def __str__(self) -> str:
        return f"{self.person} away from {self.starts_at:%d %b} to {self.ends_at:%d %b %Y}"
