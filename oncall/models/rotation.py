"""Rotations: an ordered list of people plus a rule. Pure data, never an offset; what it means is computed by `oncall.rotations`."""

from __future__ import annotations

from datetime import time
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from oncall.models.team import Team
from oncall.rotations import Rule
from portal.accounts.models import real_time_zone
from portal.web.versions import Versioned


class Rotation(Versioned):
    class Lane(models.TextChoices):
        PRIMARY = "primary", "Primary"
        SECONDARY = "secondary", "Secondary"

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="rotations")
    name = models.CharField(max_length=120, unique=True)
    lane = models.CharField(max_length=10, choices=Lane.choices, default=Lane.PRIMARY)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[real_time_zone], help_text="A name such as Europe/Berlin.")
    handoff_at = models.TimeField(default=time(9), help_text="Wall-clock time in the rotation's zone; it stays the same over clock changes.")
    begins_on = models.DateField(help_text="The day of the first hand-off; later ones fall on the same weekday.")
    weeks = models.PositiveSmallIntegerField(default=1, help_text="How many weeks a shift lasts.")

    history = HistoricalRecords()

    class Meta:
        ordering = ["team", "lane", "name"]
        constraints = [
            models.UniqueConstraint(fields=["team", "lane"], name="rotation_one_per_team_and_lane"),
            models.CheckConstraint(condition=Q(weeks__gte=1, weeks__lte=26), name="rotation_lasts_1_to_26_weeks"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def rule(self) -> Rule:
        """Its rule with the people's ids; reads the prefetched `turns`."""
        return Rule(self.zone, self.handoff_at, self.weeks, self.begins_on, [turn.person_id for turn in self.turns.all()])


class Turn(models.Model):
    """A person's place in the order of a rotation."""

    rotation = models.ForeignKey(Rotation, on_delete=models.CASCADE, related_name="turns")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="turns")
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["rotation", "order", "pk"]

    def __str__(self) -> str:
        return f"{self.order}. {self.person}"


class Override(models.Model):
    """For a while somebody else answers in a rotation; the latest one written wins."""

    rotation = models.ForeignKey(Rotation, on_delete=models.CASCADE, related_name="overrides")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="overrides")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="override_ends_after_it_starts")]

    def __str__(self) -> str:
        return f"{self.person} in {self.rotation}"
