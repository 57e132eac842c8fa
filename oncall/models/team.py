"""Teams, their people and the services they answer for."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from oncall.holidays import known_country
from portal.accounts.models import real_time_zone
from portal.web.versions import Versioned

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from portal.accounts.models import User


class Team(models.Model):
    """People who own services. Has leads (memberships), one default rotation and one escalation policy."""

    name = models.CharField(max_length=120, unique=True)
    slug = models.SlugField(max_length=60, unique=True)
    description = models.TextField(blank=True)
    is_default = models.BooleanField(default=False, help_text="Answers for what has no service.")
    members: models.ManyToManyField[User, Membership] = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Membership", related_name="teams", blank=True
    )

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["is_default"], condition=Q(is_default=True), name="team_one_is_the_default")]

    def __str__(self) -> str:
        return self.name

    def leads(self) -> QuerySet[User]:
        """Active leads, in order of their names."""
        return self.members.filter(is_active=True, membership__role=Membership.Role.LEAD).order_by("name")


class Membership(models.Model):
    """A person in a team, with their right there."""

    class Role(models.TextChoices):
        MEMBER = "member", "Member"
        EDITOR = "editor", "Editor"
        LEAD = "lead", "Lead"

    team = models.ForeignKey(Team, on_delete=models.CASCADE)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.EDITOR)

    class Meta:
        ordering = ["team", "user"]
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="membership_one_per_person_and_team")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}: {self.get_role_display().lower()}"


def default_team() -> Team | None:
    """The team that answers for what has no service; else the oldest; None where there is none. 1 query."""
    return Team.objects.order_by("-is_default", "pk").first()


class Service(Versioned):
    """Something a team runs and a customer notices."""

    name = models.CharField(max_length=120, unique=True)
    slug = models.SlugField(max_length=60, unique=True)
    description = models.TextField(blank=True)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="services")
    tier = models.PositiveSmallIntegerField(default=2, help_text="1 matters most, 3 least.")
    time_zone = models.CharField(max_length=64, default="UTC", validators=[real_time_zone])
    opens_at = models.TimeField(default=time(9), help_text="Business hours, Monday to Friday, in the service's time zone.")
    closes_at = models.TimeField(default=time(18))
    country = models.CharField(
        max_length=10, blank=True, validators=[known_country], help_text="Whose public holidays are not business days, such as DE or DE-BY."
    )
    dashboard_url = models.URLField(blank=True)
    repository_url = models.URLField(blank=True)

    history = HistoricalRecords()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=Q(tier__in=[1, 2, 3]), name="service_tier_is_1_to_3"),
            models.CheckConstraint(condition=Q(opens_at__lt=F("closes_at")), name="service_opens_before_it_closes"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)
