"""Rotations: an ordered list of people plus a rule. Pure data, never an offset; what it means is computed by `oncall.rotations`."""

from __future__ import annotations

from datetime import date, time
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from simple_history.models import HistoricalRecords

from oncall import notation
from oncall.models.team import Team
from oncall.rotations import Rule
from portal.accounts.models import real_time_zone
from portal.web.versions import Versioned

FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2100, 1, 1)


def readable_lengths(text: str) -> None:
    """Raises: ValidationError, not lengths of shifts."""
    try:
        notation.read_lengths(text)
    except notation.Unreadable as wrong:
        raise ValidationError(str(wrong), code="lengths") from wrong


def readable_windows(text: str) -> None:
    """Raises: ValidationError, not windows of a week."""
    try:
        notation.read_windows(text)
    except notation.Unreadable as wrong:
        raise ValidationError(str(wrong), code="windows") from wrong


class RuleFields(models.Model):
    """A rule in wall-clock time, as `oncall.rotations.Rule` reads it."""

    time_zone = models.CharField(max_length=64, default="UTC", validators=[real_time_zone], help_text="A name such as Europe/Berlin.")
    handoff_at = models.TimeField("hand-off", default=time(9), help_text="Wall-clock time in the rule's zone; it stays the same over clock changes.")
    begins_on = models.DateField(help_text="The day of the first hand-off.")
    ends_on = models.DateField(null=True, blank=True, help_text="For a temporary schedule: it covers nothing from that day's hand-off on.")
    lengths = models.CharField(
        "shift length",
        max_length=120,
        default="1w",
        validators=[readable_lengths],
        help_text="1d daily, 1w weekly, 2w every second week, 12h, or several in turn: 5d 2d for weekdays and weekend.",
    )
    windows = models.CharField(
        "only at these times",
        max_length=400,
        blank=True,
        validators=[readable_windows],
        help_text="Empty: always. Otherwise such as Mon-Fri 09:00-17:00; Sat 10:00-14:00, in the rule's zone.",
    )

    class Meta:
        abstract = True

    def clean(self) -> None:
        """Raises: ValidationError, a day with which nobody plans."""
        for name in ("begins_on", "ends_on"):
            day = getattr(self, name)
            if day and not FIRST_DAY <= day <= LAST_DAY:
                raise ValidationError({name: f"Choose a day between {FIRST_DAY:%Y} and {LAST_DAY:%Y}."})

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def rule_for(self, people: list[int]) -> Rule:
        """Its rule with the people's ids, in their order. 0 queries."""
        return Rule(
            self.zone,
            self.handoff_at,
            self.begins_on,
            people,
            notation.read_lengths(self.lengths),
            notation.read_windows(self.windows),
            self.ends_on,
        )

    @property
    def said_length(self) -> str:
        """`one week`, `5 days, then 2 days`."""
        return notation.say_lengths(notation.read_lengths(self.lengths))


class Rotation(RuleFields, Versioned):
    """Who answers in one lane of a team: its own rule, with layers, overrides and swaps on top."""

    class Lane(models.TextChoices):
        PRIMARY = "primary", "Primary"
        SECONDARY = "secondary", "Secondary"
        SHADOW = "shadow", "Shadow"

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="rotations")
    name = models.CharField(max_length=120, unique=True)
    lane = models.CharField(max_length=10, choices=Lane.choices, default=Lane.PRIMARY)

    history = HistoricalRecords()

    class Meta:
        ordering = ["team", "lane", "name"]
        constraints = [
            models.UniqueConstraint(fields=["team", "lane"], name="rotation_one_per_team_and_lane"),
            models.CheckConstraint(condition=Q(ends_on=None) | Q(ends_on__gt=F("begins_on")), name="rotation_ends_after_it_begins"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("rotation-detail", args=[self.pk])


class Layer(RuleFields):
    """One more rule over a rotation's own: where it covers a moment, it answers instead of what lies below. Temporary with an end."""

    rotation = models.ForeignKey(Rotation, on_delete=models.CASCADE, related_name="layers")
    name = models.CharField(max_length=120)
    priority = models.PositiveSmallIntegerField(default=1, help_text="The highest that covers a moment answers; the rotation's own rule is 0.")

    history = HistoricalRecords()

    class Meta:
        ordering = ["rotation", "-priority", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(priority__gte=1, priority__lte=99), name="layer_priority_is_1_to_99"),
            models.CheckConstraint(condition=Q(ends_on=None) | Q(ends_on__gt=F("begins_on")), name="layer_ends_after_it_begins"),
        ]

    def __str__(self) -> str:
        return self.name


class Turn(models.Model):
    """A person's place in the order of a rotation, or of one of its layers."""

    rotation = models.ForeignKey(Rotation, on_delete=models.CASCADE, related_name="turns")
    layer = models.ForeignKey(Layer, null=True, blank=True, on_delete=models.CASCADE, related_name="turns")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="turns")
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["rotation", "order", "pk"]

    def __str__(self) -> str:
        return f"{self.order}. {self.person}"


class Override(models.Model):
    """What was written over a rotation for a while; `oncall.schedule` says how several are read."""

    class Kind(models.TextChoices):
        REPLACE = "replace", "answers instead"
        ADD = "add", "answers as well"
        REMOVE = "remove", "does not answer"

    rotation = models.ForeignKey(Rotation, on_delete=models.CASCADE, related_name="overrides")
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.REPLACE)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="overrides")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=200, blank=True, help_text="The event of an imported calendar; empty for one written here.")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="override_ends_after_it_starts"),
            models.UniqueConstraint(fields=["rotation", "source"], condition=~Q(source=""), name="override_one_per_imported_event"),
        ]
        indexes = [models.Index(fields=["rotation", "ends_at"], name="override_in_force")]

    def __str__(self) -> str:
        return f"{self.person} {self.get_kind_display()} in {self.rotation}"


class Swap(models.Model):
    """A shift, or a part of it, offered to somebody who accepts or declines; perhaps in exchange for one of theirs."""

    class State(models.TextChoices):
        OFFERED = "offered", "Offered"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"

    rotation = models.ForeignKey(Rotation, on_delete=models.CASCADE, related_name="swaps")
    giver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="swaps_offered")
    taker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="swaps_asked")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    return_starts_at = models.DateTimeField(null=True, blank=True)  # what the giver takes of the taker's in exchange
    return_ends_at = models.DateTimeField(null=True, blank=True)
    message = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OFFERED)
    offered_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="swap_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(return_starts_at=None, return_ends_at=None) | Q(return_starts_at__isnull=False, return_ends_at__gt=F("return_starts_at")),
                name="swap_return_has_both_ends",
            ),
            models.CheckConstraint(condition=~Q(giver=F("taker")), name="swap_is_between_two_people"),
            models.CheckConstraint(
                condition=Q(state="offered", answered_at=None) | (~Q(state="offered") & Q(answered_at__isnull=False)),
                name="swap_answered_iff_it_has_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.giver} to {self.taker} in {self.rotation}: {self.get_state_display().lower()}"


class AcceptedGap(models.Model):
    """Nobody answers there, and a lead said why that is right."""

    rotation = models.ForeignKey(Rotation, on_delete=models.CASCADE, related_name="accepted_gaps")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)  # none: for good
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")), name="accepted_gap_ends_after_it_starts"),
            models.CheckConstraint(condition=~Q(reason=""), name="accepted_gap_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.rotation}: {self.reason}"
